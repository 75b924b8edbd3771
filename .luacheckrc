std = "lua54"
codes = true
max_line_length = 110

-- The words of the policy language. What is missing here is missing in a policy, too.
local actions = {
  fields = { "read", "write", "create", "delete", "modify", "exec", "stat", "map", "syscall" },
}

stds.moongate = {
  globals = {
    on = {
      fields = {
        "open", "mkdir", "exec", "stat", "access", "readlink", "getxattr", "chdir", "watch", "mknod",
        "remove", "rename", "link", "symlink", "chmod", "chown", "truncate", "utime", "setxattr",
        "map", "kill",
      },
    },
  },
  read_globals = {
    allow = actions,
    deny = actions,
    hide = {},
    default = { fields = { "allow", "deny" } },
    kill = {}, value = {}, redirect = {}, content = {},
    use = {}, params = {}, path = {}, flag = {}, text = {}, number = {},
    args = { other_fields = true },
    env = { fields = { "HOME", "USER", "LOGNAME", "TMPDIR", "LANG", "PATH", "SHELL", "TERM" } },
    cwd = {},
    assert = {}, error = {}, ipairs = {}, next = {}, pairs = {}, pcall = {}, print = {},
    rawequal = {}, rawlen = {}, select = {}, tonumber = {}, tostring = {}, type = {},
    _VERSION = {},
    math = { other_fields = true },
    string = { other_fields = true },
    table = { fields = { "concat", "insert", "move", "pack", "remove", "sort", "unpack" } },
    utf8 = { other_fields = true },
  },
}

files["policies"] = { std = "moongate" }
files["spec/policies"] = { std = "lua54+busted" }
files["bench/policies"] = { std = "moongate" }
files["spec"] = { std = "lua54+busted" }

-- The one place that completes Lua's own string table: a misspelt method is an error.
files["lua/moongate/environment.lua"] = { globals = { "string" } }

-- Shell scripts stand in them as they would in a file.
files["spec/live/"].max_line_length = false
