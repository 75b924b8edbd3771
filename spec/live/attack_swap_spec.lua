local live = require "live"
local attack = require "attack"

describe("names that change their meaning while they are judged", function()
  after_each(live.cleanup)

  local seconds = "0.4"
  local groups = 'allow.syscall { "@rename", "@remove", "@symlink" }\n'

  local function race(who, method, call, root, path, one, other, policy)
    return attack.tally(live.run {
      command = { "sh", "-c", 'cd "$1" && exec 7<shut && shift && exec "$@"', "sh", root,
        live.binary, "run", "-q", "-p", policy, "--",
        live.program("attack_swap"), method, call, path, one, other, seconds },
      as = who,
    })
  end

  --- The ground, with open/real (a directory), open/link (a symlink to the shut one), open/file and
  --- open/alias (a symlink to the shut file).
  local function ground(who)
    local root, policy = attack.ground(who, groups)
    attack.shell(([[
cd %s/open && mkdir real real/inner && echo innocent >real/data && ln -s ../shut link &&
echo innocent >file && ln -s ../shut/data alias && ln -s ../shut/inner inner && mkdir deep]])
      :format(root), who)
    live.write_file(root .. "/policy.lua", policy)
    return root, root .. "/policy.lua"
  end

  --- A race on a fresh ground, whose name is put in for ROOT: nothing leaks, `shut` stays as it is.
  local function race_on_ground(who, method, call, path, one, other)
    local root, policy = ground(who)
    local before = attack.shut(root)
    local seen = race(who, method, call, root, path, one:gsub("ROOT", root), other:gsub("ROOT", root), policy)
    assert.equal(0, seen.leaked)
    assert.equal(before, attack.shut(root))
    return seen
  end

  -- What each races for: the call, its path, and the two names that are exchanged.
  local cases = {
    { "the last component, a file and a symlink",
      { "open", "openat", "openat2", "write", "truncate", "open-or-create", "creat", "pin" },
      "open/file", "open/file", "open/alias" },
    { "a middle component, a directory and a symlink",
      { "open", "openat2", "truncate", "open-or-create" },
      "open/real/data", "open/real", "open/link" },
    { "the directory in which something is made",
      { "create", "open-or-create", "creat", "mkdir", "mkdirat" },
      "open/real/#", "open/real", "open/link" },
    { "what .. is taken of",
      { "open", "openat2", "truncate" }, "open/deep/../data", "open/deep", "open/inner" },
  }

  for _, case in ipairs(cases) do
    for _, call in ipairs(case[2]) do
      attack.alternate(it, case[1] .. ": " .. call, function(who)
        attack.raced(race_on_ground(who, "exchange", call, case[3], case[4], case[5]))
      end)
    end
  end

  for _, call in ipairs { "create", "open-or-create", "creat", "mkdir" } do
    attack.alternate(it, "a name that is now missing, now a dangling symlink: " .. call, function(who)
      local seen = race_on_ground(who, "leaf", call, "open/new", "open/new", "ROOT/shut/new")
      assert.is_true(seen.opened > 0, "no race took place")
    end)
  end

  for _, call in ipairs { "open", "truncate" } do
    attack.alternate(it, "a name that is now missing, now a symlink: " .. call, function(who)
      local seen = race_on_ground(who, "leaf", call, "open/new", "open/new", "ROOT/shut/data")
      assert.is_true(seen.refused > 0, "no race took place")
    end)
  end

  for _, case in ipairs { { "open", "data" }, { "truncate", "data" }, { "mkdir", "#" }, { "create", "#" } } do
    attack.alternate(it, "the directory descriptor is another one by then: " .. case[1], function(who)
      attack.raced(race_on_ground(who, "descriptor", case[1], case[2], "ROOT/open", "7"))
    end)
  end

  for _, case in ipairs { { "open", "data" }, { "mkdir", "#" } } do
    attack.alternate(it, "the current directory is another one by then: " .. case[1], function(who)
      attack.raced(race_on_ground(who, "cwd", case[1], case[2], "ROOT/open", "ROOT/shut"))
    end)
  end

  attack.each(it, "the program that only exchanges what it may open", function(who)
    local root, policy = ground(who)
    attack.shell(("cd %s/open && mkdir second && echo innocent >second/data"):format(root), who)
    local seen = race(who, "exchange", "open", root, "open/real/data", "open/real", "open/second",
      policy)
    assert.equal(0, seen.refused)
    assert.equal(0, seen.failed)
    assert.is_true(seen.opened > 0)
  end)
end)
