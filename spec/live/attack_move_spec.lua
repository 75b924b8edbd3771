local live = require "live"
local attack = require "attack"

-- Rules are about names. Whatever gets another name, by whatever call, must not come out of a rule by that.
describe("what gets another name #live", function()
  after_each(live.cleanup)

  local start = [[
allow.syscall "@file-change"
allow.exec { "/usr/**", "BUILD/**" }
]]

  --- Makes the files (name → content; a name that ends in "/" is a directory, "=text" a link to text), and
  --- makes the calls, under the policy. `calls` is a list of { "call NAME [NAME]", what comes of it }.
  local function try(who, case)
    local root = live.directory()
    local setup = { "cd " .. root .. " && umask 0" }
    for _, item in ipairs(case.files) do
      local name, content = item:match("^([^=]*)=?(.*)$")
      local parent = name:match("^(.*)/[^/]+/?$")
      if parent then setup[#setup + 1] = "mkdir -p " .. live.quote(parent) end
      if content:sub(1, 1) == "=" then
        setup[#setup + 1] = ("ln -s %s %s"):format(live.quote((content:sub(2):gsub("ROOT", root))), live.quote(name))
      elseif name:sub(-1) == "/" then
        setup[#setup + 1] = "mkdir -p " .. live.quote(name)
      else
        setup[#setup + 1] = ("echo %s >%s"):format(live.quote(content == "" and "innocent" or content), live.quote(name))
      end
    end
    attack.shell(table.concat(setup, " && "), who)
    live.write_file(root .. "/policy.lua", ((start .. case.policy):gsub("ROOT", root):gsub("BUILD", live.build)))
    local words, expected = { live.program("attack_try") }, {}
    for _, call in ipairs(case) do
      for word in call[1]:gmatch("%S+") do words[#words + 1] = (word:gsub("ROOT", root):gsub("~", " ")) end
      words[#words + 1] = ","
      expected[#expected + 1] = call[1] .. ": " .. call[2]
    end
    words[#words] = nil
    local result = live.run { as = who, cwd = root, command = { live.binary, "run", "-q", "-p", "policy.lua", "--",
      table.unpack(words) } }
    assert.equal("", result.err)
    assert.equal(0, result.status)
    local seen = attack.lines(result)
    for i, call in ipairs(case) do
      -- "EACCES|EXDEV": either will do
      local fine = ("|" .. call[2] .. "|"):find("|" .. tostring(seen[i]) .. "|", 1, true)
      seen[i] = call[1] .. ": " .. (fine and call[2] or tostring(seen[i]))
    end
    assert.same(expected, seen)
    return root
  end

  local everywhere = 'allow.read "/**"\nallow.write "ROOT/**"\n'

  local cases = {
    ["a file that may not be read"] = {
      policy = everywhere .. 'deny.read "ROOT/w/secret"\n',
      files = { "w/secret=SECRET", "w/plain", "w/other", "w/link==secret" },
      { "rename w/secret w/new", "EACCES" }, { "noreplace w/secret w/new", "EACCES" },
      { "move_handle w/secret w/new", "EACCES" }, { "whiteout w/secret w/new", "EACCES" },
      { "exchange w/secret w/plain", "EACCES" }, { "exchange w/plain w/secret", "EACCES" },
      { "link w/secret w/new", "EACCES" }, { "linkat_follow w/link w/new", "EACCES" },
      { "link_open w/secret w/new", "EACCES" }, { "rename w/secret secret", "EACCES" },
      { "rename w/secret w/plain", "EACCES" }, { "read w/new", "ENOENT" }, { "read w/plain", "=innocent" },
      { "read w/secret", "EACCES" }, { "stat w/secret", "ok" },
      { "rename w/plain w/new", "ok" }, { "link w/new w/again", "ok" }, { "exchange w/new w/other", "ok" },
      { "link w/link w/link2", "ok" }, { "rename w/link w/link3", "ok" }, { "read w/link2", "EACCES" },
      { "read w/link3", "EACCES" }, { "unlink w/link3", "ok" }, { "read w/again", "=innocent" },
    },
    ["the directory, an ancestor of what may not be read"] = {
      policy = everywhere .. 'deny.read "ROOT/w/a/b/secret"\n',
      files = { "w/a/b/secret=SECRET", "w/a/b/plain", "w/a/c/plain", "w/d/b/secret", "w/b/secret" },
      { "rename w/a/b w/a/e", "EACCES" }, { "rename w/a w/e", "EACCES" }, { "rename w v", "EACCES" },
      { "exchange w/a/b w/a/c", "EACCES" }, { "exchange w/a/c w/a/b", "EACCES" }, { "exchange w/a w/d", "EACCES" },
      { "exchange w/d w/a", "EACCES" }, { "exchange w/b w/a/b", "EACCES" }, { "noreplace w/a w/e", "EACCES" },
      { "move_handle w/a w/e", "EACCES" }, { "rename w/a/b w/a/c", "EACCES" },
      { "read w/a/b/secret", "EACCES" }, { "read w/a/e/secret", "ENOENT" }, { "read w/e/b/secret", "ENOENT" },
      { "rename w/a/c w/a/e", "ok" }, { "rename w/a/b/plain w/plain", "ok" }, { "rename w/d w/e", "ok" },
      { "read w/e/b/secret", "=innocent" }, { "mkdir w/a/f", "ok" }, { "rename w/a/f w/f", "ok" },
    },
    ["a tree that may not be read"] = {
      policy = everywhere .. 'deny.read "ROOT/w/tree/**"\n',
      files = { "w/tree/deep/secret=SECRET", "w/tree/secret=SECRET", "w/plain", "w/dir/" },
      { "rename w/tree/secret w/new", "EACCES" }, { "rename w/tree/deep w/new", "EACCES" },
      { "rename w/tree w/new", "EACCES" }, { "exchange w/tree/deep w/dir", "EACCES" },
      { "exchange w/dir w/tree/deep", "EACCES" }, { "exchange w/dir w/tree", "EACCES" },
      { "link w/tree/secret w/new", "EACCES" }, { "rename w/tree/secret w/tree/other", "ok" },
      { "rename w/tree/deep w/tree/deeper", "ok" }, { "read w/tree/deeper/secret", "EACCES" },
      { "rename w/plain w/tree/plain", "ok" }, { "read w/tree/plain", "EACCES" }, { "rename w/tree/plain w/plain", "EACCES" },
    },
    ["a tree that may not be written"] = {
      policy = everywhere .. 'deny.write "ROOT/w/keep/**"\n',
      files = { "w/keep/a=precious", "w/keep/deep/b=precious", "w/plain", "w/dir/x", "w/empty/" },
      { "rename w/keep/a w/a", "EACCES" }, { "rename w/plain w/keep/a", "EACCES" }, { "rename w/plain w/keep/new", "EACCES" },
      { "exchange w/plain w/keep/a", "EACCES" }, { "exchange w/keep/a w/plain", "EACCES" }, { "rename w/keep w/kept", "EACCES" },
      { "exchange w/keep w/dir", "EACCES" }, { "exchange w/dir w/keep", "EACCES" }, { "rename w/empty w/keep", "EACCES" },
      { "link w/keep/a w/a", "EACCES" }, { "link_open w/keep/a w/a", "EACCES" }, { "link w/plain w/keep/new", "EACCES" },
      { "tmpfile w w/keep/new", "EACCES" }, { "tmpfile w/keep w/new", "EACCES" }, { "symlink x w/keep/new", "EACCES" },
      { "symlink keep w/link", "ok" }, { "write w/link/a", "EACCES" }, { "unlink w/link/a", "EACCES" },
      { "rename w/link/a w/a", "EACCES" }, { "rename w/keep/a w/keep/b", "EACCES" }, { "read w/keep/a", "=precious" },
      { "read w/keep/deep/b", "=precious" }, { "tmpfile w w/new", "ok" }, { "read w/new", "=nameless" },
      { "whiteout w/plain w/moved", "ok" },
    },
    ["single rights that are denied"] = {
      policy = everywhere .. 'deny.modify "ROOT/w/modify"\ndeny.delete "ROOT/w/delete"\ndeny.create "ROOT/w/create"\n' ..
        'deny.exec "ROOT/w/exec"\ndeny.stat "ROOT/w/stat"\n',
      files = { "w/modify=precious", "w/delete=precious", "w/exec", "w/stat", "w/plain" },
      { "rename w/modify w/new", "EACCES" }, { "link w/modify w/new", "EACCES" }, { "exchange w/modify w/plain", "EACCES" },
      { "rename w/plain w/modify", "ok" }, { "write w/modify", "EACCES" }, { "rename w/delete w/new", "EACCES" },
      { "exchange w/delete w/exec", "EACCES" }, { "rename w/exec w/delete", "EACCES" }, { "rename w/exec w/create", "EACCES" },
      { "link w/exec w/create", "EACCES" }, { "symlink x w/create", "EACCES" }, { "tmpfile w w/create", "EACCES" },
      { "rename w/exec w/new", "EACCES" }, { "link w/exec w/new", "EACCES" }, { "rename w/stat w/new", "EACCES" },
      { "link w/stat w/new", "EACCES" }, { "stat w/stat", "EACCES" }, { "write w/new", "ok" }, { "rename w/new w/newer", "ok" },
    },
    ["a file that may be read, not written, into a directory that may be"] = {
      policy = 'allow.read "/**"\nallow.write "ROOT/w/**"\n',
      files = { "ro/file=precious", "ro/dir/file=precious", "w/plain", "w/link==../ro/file", "w/near==../ro" },
      { "link ro/file w/new", "EACCES|EXDEV" }, { "linkat_follow w/link w/new", "EACCES|EXDEV" },
      { "link w/near/file w/new", "EACCES|EXDEV" }, { "link_open ro/file w/new", "EACCES|EXDEV" },
      { "link /proc/self/cwd/ro/file w/new", "EACCES|EXDEV" }, { "rename ro/file w/new", "EACCES|EXDEV" },
      { "rename ro/dir w/new", "EACCES|EXDEV" }, { "rename ro w/new", "EACCES|EXDEV" },
      { "exchange ro/file w/plain", "EACCES|EXDEV" }, { "exchange w/plain ro/file", "EACCES|EXDEV" },
      { "rename w/plain ro/new", "EACCES" }, { "link w/plain ro/new", "EACCES" }, { "symlink x ro/new", "EACCES" },
      { "tmpfile ro w/new", "EACCES" }, { "read w/new", "ENOENT" }, { "write ro/file", "EACCES" }, { "read ro/file", "=precious" },
      { "link w/link w/link2", "ok" }, { "write w/link2", "EACCES" }, { "rename w/plain w/new", "ok" }, { "link w/new w/again", "ok" },
    },
    ["from where it may only be written to where it may be read"] = {
      policy = 'allow.read { "/usr/**", "/etc/**", "/proc/**", "ROOT/w/**" }\nallow.write { "ROOT/w/**", "ROOT/drop/**" }\n',
      files = { "drop/file=SECRET", "drop/dir/file=SECRET", "drop/empty/", "w/plain", "w/dir/plain" },
      { "read drop/file", "EACCES" }, { "rename drop/file w/new", "EXDEV" }, { "move_handle drop/file w/new", "EBADF" },
      { "rename drop/dir w/new", "EXDEV" }, { "rename drop/empty w/new", "EXDEV" }, { "exchange drop/file w/plain", "EXDEV" },
      { "exchange w/plain drop/file", "EXDEV" }, { "exchange w/dir drop/dir", "EXDEV" }, { "link drop/file w/new", "EACCES|EXDEV" },
      { "tmpfile drop w/new", "EACCES|EXDEV" }, { "symlink ../drop/file w/link", "ok" }, { "read w/link", "EACCES" },
      { "linkat_follow w/link w/new", "EACCES|EXDEV" }, { "rename drop/file w/plain", "EXDEV" },
      { "read w/new", "ENOENT" }, { "read w/plain", "=innocent" }, { "rename w/plain drop/plain", "ok" },
      { "rename drop/file drop/moved", "ok" }, { "rename drop/moved w/back", "EXDEV" }, { "rename drop/plain w/plain", "EXDEV" },
    },
    ["from where it may be made and removed to where it may be changed"] = {
      policy = 'allow.read "/**"\nallow.create "ROOT/fixed/**"\nallow.delete "ROOT/fixed/**"\nallow.write "ROOT/w/**"\n',
      files = { "fixed/file=precious", "fixed/dir/file=precious", "w/plain" },
      { "write fixed/file", "EACCES" }, { "rename fixed/file w/new", "EXDEV" }, { "rename fixed/dir w/new", "EXDEV" },
      { "link fixed/file w/new", "EACCES|EXDEV" }, { "exchange fixed/file w/plain", "EXDEV" }, { "read fixed/file", "=precious" },
      { "rename w/plain fixed/plain", "ok" }, { "rename fixed/plain w/plain", "EXDEV" }, { "rename fixed/file fixed/moved", "ok" },
    },
    ["what may not be read to where it may be run"] = {
      policy = 'allow.read { "/usr/**", "/etc/**", "/proc/**", "ROOT/w/**" }\nallow.write "ROOT/**"\nallow.exec "ROOT/bin/**"\n',
      files = { "drop/program=SECRET", "w/program", "bin/" },
      { "rename drop/program bin/program", "EXDEV" }, { "link drop/program bin/program", "EACCES|EXDEV" },
      { "rename w/program bin/program", "ok" },
    },
    ["something to where a rule lets nothing be made"] = {
      policy = everywhere .. 'deny.write "ROOT/w/.config/autostart/**"\n',
      files = { "w/x/autostart/evil", "w/file", "w/link==x" },
      { "rename w/x w/.config", "EACCES" }, { "noreplace w/x w/.config", "EACCES" }, { "move_handle w/x w/.config", "EACCES" },
      { "symlink x w/.config", "EACCES" }, { "link w/link w/.config", "EACCES" }, { "rename w/link w/.config", "EACCES" },
      { "mkdir w/.config", "ok" }, { "exchange w/x w/.config", "EACCES" }, { "exchange w/.config w/x", "EACCES" },
      { "exchange w/link w/.config", "EACCES" }, { "rename w/x w/.config/autostart", "EACCES" },
      { "symlink ../x w/.config/autostart", "EACCES" }, { "mkdir w/.config/autostart", "EACCES" },
      { "rmdir w/.config", "ok" }, { "rename w/x w/.config", "EACCES" }, { "symlink x w/.config", "EACCES" },
      { "mkdir w/.config", "ok" }, { "rename w/x w/.config/x", "ok" }, { "rename w/.config/x/autostart w/.config/autostart", "EACCES" },
      { "write w/.config/file", "ok" }, { "symlink ../file w/.config/link", "ok" }, { "cat_all w/.config", "names file link x" },
    },
    ["what is hidden"] = {
      policy = everywhere .. 'hide "ROOT/w/a/hidden"\n',
      files = { "w/a/hidden/file=SECRET", "w/a/plain", "w/b/hidden/file", "w/link==a/hidden/file" },
      { "rename w/a/hidden w/new", "ENOENT" }, { "rename w/a/hidden/file w/new", "ENOENT" }, { "link w/a/hidden/file w/new", "ENOENT" },
      { "exchange w/a/hidden w/b/hidden", "ENOENT" }, { "exchange w/b/hidden w/a/hidden", "ENOENT" },
      { "linkat_follow w/link w/new", "ENOENT" }, { "rename w/b/hidden w/a/hidden", "ENOENT" },
      { "rename w/a/plain w/a/hidden", "ENOENT" }, { "link w/a/plain w/a/hidden", "ENOENT" }, { "symlink ../b w/a/hidden", "ENOENT" },
      { "tmpfile w w/a/hidden", "ENOENT" }, { "noreplace w/a/plain w/a/hidden", "ENOENT" },
      { "rename w/a w/c", "EACCES" }, { "exchange w/a w/b", "EACCES" }, { "exchange w/b w/a", "EACCES" }, { "rename w v", "EACCES" },
      { "read w/c/hidden/file", "ENOENT" }, { "cat_all w/a", "names plain" }, { "rename w/b w/c", "ok" },
      { "rename w/a/plain w/plain", "ok" },
    },
    ["what is hidden, before it is there"] = {
      policy = everywhere .. 'hide "ROOT/w/a/hidden"\n',
      files = { "w/b/hidden/file=SECRET", "w/link==b" },
      { "rename w/b w/a", "EACCES" }, { "symlink b w/a", "EACCES" }, { "rename w/link w/a", "EACCES" }, { "link w/link w/a", "EACCES" },
      { "mkdir w/a", "ok" }, { "mkdir w/a/hidden", "ENOENT" }, { "exchange w/a w/b", "EACCES" }, { "cat_all w/a", "names" },
    },
    ["a wildcard that stands for both names"] = {
      policy = everywhere .. 'deny.read "ROOT/w/*/secret"\n',
      files = { "w/a/secret=SECRET", "w/a/plain", "w/b/plain", "w/file", "w/d/e/secret" },
      { "rename w/a w/b/c", "EACCES" }, { "rename w/a a", "EACCES" }, { "rename w/file w/b/file", "EACCES" },
      { "rename w/a/secret w/b/other", "EACCES" }, { "rename w/a/secret w/secret", "EACCES" }, { "link w/a/secret w/b/other", "EACCES" },
      { "rename w/a/secret w/b/secret", "ok" }, { "read w/b/secret", "EACCES" }, { "rename w/b w/c", "ok" },
      { "read w/c/secret", "EACCES" }, { "exchange w/c w/a", "ok" }, { "read w/a/secret", "EACCES" }, { "exchange w/a w/d/e", "EACCES" },
      { "rename w/d/e/secret w/d/e/other", "ok" }, { "rename w/a/plain w/c/plain", "ENOENT|ok" },
    },
    ["what a deny rule excepts"] = {
      policy = everywhere .. 'deny.write { "ROOT/w/**", except = "ROOT/w/ok/**" }\n',
      files = { "w/ok/f", "w/ok/d/f", "w/f=precious", "w/d/f" },
      { "rename w/f w/ok/new", "EACCES" }, { "link w/f w/ok/new", "EACCES" }, { "rename w/ok/f w/new", "EACCES" },
      { "link w/ok/f w/new", "EACCES" }, { "rename w/ok w/okay", "EACCES" }, { "exchange w/ok/d w/d", "EACCES" },
      { "exchange w/d w/ok/d", "EACCES" }, { "rename w v", "EACCES" }, { "symlink ../d w/ok/l", "ok" }, { "write w/ok/l/f", "EACCES" },
      { "rename w/ok/f w/ok/g", "ok" }, { "link w/ok/g w/ok/h", "ok" }, { "rename w/ok/d w/ok/e", "ok" },
      { "exchange w/ok/e w/ok/g", "ok" },
    },
    ["what an allow rule excepts"] = {
      policy = 'allow.read { "/usr/**", "/etc/**", "/proc/**", "ROOT/w/**", except = { "ROOT/w/private/**", "ROOT/w/*/key" } }\n' ..
        'allow.write "ROOT/**"\n',
      files = { "w/private/x=SECRET", "w/private/d/x=SECRET", "w/a/key=SECRET", "w/a/x", "w/e/f/key" },
      { "read w/private/x", "EACCES" }, { "rename w/private/x w/x", "EXDEV" }, { "rename w/private/d w/d", "EXDEV" },
      { "rename w/private w/public", "EXDEV" }, { "link w/private/x w/x", "EACCES|EXDEV" }, { "exchange w/private/x w/a/x", "EXDEV" },
      { "exchange w/a/x w/private/x", "EXDEV" }, { "exchange w/a w/private", "EXDEV" }, { "read w/a/key", "EACCES" },
      { "rename w/a/key w/a/key2", "EXDEV" }, { "rename w/a w/e/g", "EXDEV" }, { "link w/a/key w/key", "EACCES|EXDEV" },
      { "rename w/a w/b", "ok" }, { "read w/b/key", "EACCES" }, { "rename w/b/x w/y", "ok" }, { "read w/e/f/key", "=innocent" },
      { "rename w/y w/private/y", "ok" }, { "rename w/private/y w/y", "EXDEV" }, { "read w/y", "ENOENT" },
    },
    ["a handler does not overrule it"] = {
      policy = everywhere .. 'deny.read "ROOT/w/a/secret"\nfunction on.rename(call) return allow() end\n' ..
        'function on.link(call) return allow() end\nfunction on.symlink(call) return allow() end\n',
      files = { "w/a/secret=SECRET", "w/b/x" },
      { "rename w/a/secret w/new", "EACCES" }, { "rename w/a w/new", "EACCES" }, { "link w/a/secret w/new", "EACCES" },
      { "exchange w/a w/b", "EACCES" }, { "rename w/b w/c", "ok" }, { "symlink a/secret w/l", "ok" }, { "read w/l", "EACCES" },
    },
    ["under a default that allows"] = {
      policy = 'default.allow()\ndeny.read "ROOT/w/a/secret"\ndeny.write "ROOT/w/keep"\n',
      files = { "w/a/secret=SECRET", "w/keep=precious", "w/b/x" },
      { "rename w/a/secret w/new", "EACCES" }, { "rename w/a w/new", "EACCES" }, { "link w/a/secret w/new", "EACCES" },
      { "link w/keep w/new", "EACCES" }, { "rename w/keep w/new", "EACCES" }, { "exchange w/keep w/b", "EACCES" },
      { "exchange w/b w/keep", "EACCES" }, { "rename w/b w/c", "ok" }, { "link w/c/x w/new", "ok" }, { "read w/keep", "=precious" },
    },
    ["names that end in (deleted)"] = {
      policy = everywhere .. 'deny.read "ROOT/w/d (deleted)/secret"\ndeny.read "ROOT/w/f (deleted)"\n',
      files = { "w/d (deleted)/secret=SECRET", "w/f (deleted)=SECRET", "w/d/plain", "w/f" },
      { "rename w/d~(deleted) w/e", "EACCES" }, { "exchange w/d w/d~(deleted)", "EACCES" }, { "link w/f~(deleted) w/g", "EACCES" },
      { "rename w/f~(deleted) w/g", "EACCES" }, { "rename w/f w/g", "ok" }, { "rename w/d w/e", "ok" },
      { "read w/d~(deleted)/secret", "EACCES" },
    },
  }

  local names = {}
  for name in pairs(cases) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    attack.each(it, name, function(who) try(who, cases[name]) end)
  end

  attack.each(it, "a symlink that was made now is followed to what may not be reached, by no call", function(who)
    local case = {
      policy = everywhere .. 'deny.read "ROOT/shut/**"\ndeny.write "ROOT/shut/**"\ndeny.stat "ROOT/shut/**"\n',
      files = { "shut/data=SECRET", "shut/dir/data=SECRET", "open/data", "open/dir/data" },
    }
    for _, x in ipairs { "shut", "open" } do
      case[#case + 1] = { "symlink ../" .. x .. "/data open/file-" .. x, "ok" }
      case[#case + 1] = { "symlink ROOT/" .. x .. "/dir open/dir-" .. x, "ok" }
      case[#case + 1] = { "symlink file-" .. x .. " open/chain-" .. x, "ok" }
    end
    for _, call in ipairs { "stat", "statx", "access", "access_exists", "listxattr", "name_to_handle_at_follow", "inotify",
      "open", "openat", "creat_over", "truncate", "chmod", "chown", "utimensat", "setxattr", "linkat_follow" } do
      local second = call == "linkat_follow" and " open/linked" or ""
      for _, link in ipairs { "file", "chain" } do
        case[#case + 1] = { call .. " open/" .. link .. "-shut" .. second, "EACCES" }
        case[#case + 1] = { call .. " open/" .. link .. "-open" .. second, call == "access" and "EACCES" or
          (second ~= "" and link == "chain") and "EEXIST" or "ok" }
      end
    end
    for _, call in ipairs { "chdir", "inotify_directory", "openat_directory", "openat_tmpfile" } do
      case[#case + 1] = { call .. " open/dir-shut", "EACCES" }
      case[#case + 1] = { call .. " open/dir-open", "ok" }
    end
    for _, call in ipairs { "stat", "lstat", "openat_create", "unlink", "chmod", "rename" } do
      local second = call == "rename" and " open/moved" or ""
      case[#case + 1] = { call .. " open/dir-shut/data" .. second, "EACCES" .. (call == "openat_create" and "|EEXIST" or "") }
    end
    local root = try(who, case)
    assert.equal("SECRET\n", live.read_file(root .. "/shut/data"))
    assert.equal("SECRET\n", live.read_file(root .. "/shut/dir/data"))
  end)
end)
