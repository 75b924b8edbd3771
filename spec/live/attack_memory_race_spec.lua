local live = require "live"
local attack = require "attack"

describe("a path that is rewritten while it is judged", function()
  after_each(live.cleanup)

  local seconds = "0.4"

  local function race(who, method, call, good, bad, policy)
    return attack.tally(live.run {
      command = { live.program("attack_flip"), method, call, good, bad, seconds },
      policy = policy, args = { "-q" }, as = who,
    })
  end

  --- A race on a fresh ground; the paths are below it. Nothing leaks, `shut` stays as it is.
  local function race_on_ground(who, method, call, good, bad, more)
    local root, policy = attack.ground(who, more)
    local before = attack.shut(root)
    local seen = race(who, method, call, root .. good, root .. bad, policy)
    assert.equal(0, seen.leaked)
    assert.equal(before, attack.shut(root))
    return seen
  end

  local methods = {
    { name = "by a thread", "thread" },
    { name = "through a shared mapping of another process", "shared" },
    { name = "by a process that shares all memory (CLONE_VM)", "vm" },
    { name = "by another process with process_vm_writev", "writev", needs = "@debug" },
    { name = "by another process through /proc/PID/mem", "memory", needs = "@debug" },
  }

  for _, method in ipairs(methods) do
    attack.each(it, "opens only what was judged: " .. method.name, function(who)
      local seen = attack.raced(race_on_ground(who, method[1], "open", "/open/data", "/shut/data",
        method.needs and 'allow.syscall "@debug"\nallow.write "/proc/*/mem"\n'))
      assert.equal(0, seen.failed)
    end)
  end

  for _, call in ipairs { "openat", "openat2" } do
    attack.alternate(it, call .. " opens only what was judged", function(who)
      attack.raced(race_on_ground(who, "thread", call, "/open/data", "/shut/data"))
    end)
  end

  for _, call in ipairs { "create", "open-or-create", "creat", "mkdir", "mkdirat" } do
    attack.alternate(it, call .. " makes nothing where it may not", function(who)
      attack.raced(race_on_ground(who, "thread", call, "/open/#", "/shut/#"))
    end)
  end

  for _, call in ipairs { "truncate", "write" } do
    attack.alternate(it, call .. " changes nothing where it may not", function(who)
      attack.raced(race_on_ground(who, "thread", call, "/open/data", "/shut/data"))
    end)
  end

  attack.each(it, "the flags of openat2 are rewritten from reading to truncating", function(who)
    local root = live.directory()
    attack.shell(("echo precious >%s/data && chmod 666 %s/data"):format(root, root))
    local policy = [[
allow.read "/**"
allow.exec "/**"
deny.read "/never"
]]
    attack.raced(race(who, "how", "openat2", root .. "/data", root .. "/data", policy))
    assert.equal("precious\n", live.read_file(root .. "/data"))
  end)

  attack.each(it, "an O_PATH descriptor won by a race opens nothing", function(who)
    attack.raced(race_on_ground(who, "thread", "pin", "/open/data", "/shut/data"))
  end)

  attack.each(it, "an O_PATH directory won by a race leads to nothing", function(who)
    attack.raced(race_on_ground(who, "thread", "pin-directory", "/open", "/shut"))
  end)

  attack.each(it, "the program that does not cheat", function(who)
    local seen = race_on_ground(who, "thread", "open", "/open/data", "/open/data")
    assert.equal(0, seen.refused)
    assert.equal(0, seen.failed)
    assert.is_true(seen.opened > 50)
  end)
end)
