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

  local function listing(root, directory)
    return attack.shell(("cd %s/%s && find . | sort"):format(root, directory))
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
      local root, policy = attack.ground(who,
        method.needs and 'allow.syscall "@debug"\nallow.write "/proc/*/mem"\n')
      local seen = race(who, method[1], "open", root .. "/open/data", root .. "/shut/data", policy)
      assert.equal(0, seen.leaked)
      assert.equal(0, seen.failed)
      assert.is_true(seen.opened > 0 and seen.refused > 0, "no race took place")
    end)
  end

  for _, call in ipairs { "openat", "openat2" } do
    attack.alternate(it, call .. " opens only what was judged", function(who)
      local root, policy = attack.ground(who)
      local seen = race(who, "thread", call, root .. "/open/data", root .. "/shut/data", policy)
      assert.equal(0, seen.leaked)
      assert.is_true(seen.opened > 0 and seen.refused > 0, "no race took place")
    end)
  end

  for _, call in ipairs { "create", "open-or-create", "creat", "mkdir", "mkdirat" } do
    attack.alternate(it, call .. " makes nothing where it may not", function(who)
      local root, policy = attack.ground(who)
      local before = listing(root, "shut")
      local seen = race(who, "thread", call, root .. "/open/#", root .. "/shut/#", policy)
      assert.equal(before, listing(root, "shut"))
      assert.is_true(seen.opened > 0 and seen.refused > 0, "no race took place")
    end)
  end

  for _, call in ipairs { "truncate", "write" } do
    attack.alternate(it, call .. " changes nothing where it may not", function(who)
      local root, policy = attack.ground(who)
      local seen = race(who, "thread", call, root .. "/open/data", root .. "/shut/data", policy)
      assert.equal(attack.secret .. "\n", live.read_file(root .. "/shut/data"))
      assert.is_true(seen.opened > 0 and seen.refused > 0, "no race took place")
    end)
  end

  attack.each(it, "the flags of openat2 are rewritten from reading to truncating", function(who)
    local root = live.directory()
    attack.shell(("echo precious >%s/data && chmod 666 %s/data"):format(root, root))
    local policy = ([[
allow.read "/**"
allow.exec "/**"
deny.read "/never"
]])
    local seen = race(who, "how", "openat2", root .. "/data", root .. "/data", policy)
    assert.equal("precious\n", live.read_file(root .. "/data"))
    assert.is_true(seen.opened > 0 and seen.refused > 0, "no race took place")
  end)

  attack.each(it, "an O_PATH descriptor won by a race opens nothing", function(who)
    local root, policy = attack.ground(who)
    local seen = race(who, "thread", "pin", root .. "/open/data", root .. "/shut/data", policy)
    assert.equal(0, seen.leaked)
    assert.is_true(seen.opened > 0 and seen.refused > 0, "no race took place")
  end)

  attack.each(it, "an O_PATH directory won by a race leads to nothing", function(who)
    local root, policy = attack.ground(who)
    local seen = race(who, "thread", "pin-directory", root .. "/open", root .. "/shut", policy)
    assert.equal(0, seen.leaked)
    assert.is_true(seen.opened > 0 and seen.refused > 0, "no race took place")
  end)

  attack.each(it, "the program that does not cheat", function(who)
    local root, policy = attack.ground(who)
    local seen = race(who, "thread", "open", root .. "/open/data", root .. "/open/data", policy)
    assert.equal(0, seen.refused)
    assert.equal(0, seen.failed)
    assert.is_true(seen.opened > 50)
  end)
end)
