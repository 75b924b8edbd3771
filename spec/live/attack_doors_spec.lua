local live = require "live"
local attack = require "attack"

describe("ways around the calls that are judged", function()
  after_each(live.cleanup)

  local expected = {
    ["int 0x80 getpid"] = "killed by SYS", ["int 0x80 open"] = "killed by SYS",
    ["int 0x80 openat"] = "killed by SYS", ["int 0x80 mkdir"] = "killed by SYS",
    ["x32 open"] = "ENOSYS", ["x32 openat"] = "ENOSYS",
    ["open, high bits in the number"] = "EACCES", -- the kernel looks at 32 bits, too
    ["number 390"] = "ENOSYS", ["number 480"] = "ENOSYS", ["number 511"] = "ENOSYS",
    ["number -1"] = "ENOSYS",
    ["io_uring_setup"] = "ENOSYS", ["io_uring_enter"] = "ENOSYS", ["io_uring_register"] = "ENOSYS",
    ["clone3"] = "ENOSYS", ["open_by_handle_at"] = "EPERM", ["userfaultfd"] = "EPERM",
    ["ptrace"] = "EPERM", ["process_vm_readv"] = "EPERM", ["process_vm_writev"] = "EPERM",
    ["TIOCSTI"] = "EPERM", ["TIOCSTI, high bits"] = "EPERM", ["TIOCLINUX, high bits"] = "EPERM",
    ["TIOCVHANGUP, high bits"] = "EPERM",
    ["landlock_create_ruleset"] = "EOPNOTSUPP",
    ["unshare user"] = "EPERM", ["unshare user, high bits"] = "EPERM", ["unshare mount"] = "EPERM",
    ["clone user"] = "EPERM", ["clone user, high bits"] = "EPERM", ["setns"] = "EPERM",
    ["open_tree"] = "EPERM", ["open_tree clone"] = "EPERM", ["mount"] = "EPERM", ["bpf"] = "EPERM",
    ["finit_module"] = "EPERM", ["chroot"] = "EPERM", ["second listener"] = "EBUSY",
    ["uselib"] = "ENOSYS", ["PR_SET_MM, high bits"] = "EPERM",
  }

  -- Every group that can be opened, so that nothing else refuses in its place.
  local groups = { "", 'allow.syscall { "@file-change", "@network", "@keyring", "@time" }\n' }

  for i, more in ipairs(groups) do
    attack.each(it, "old and new numbers, rings, handles, tracing, namespaces " .. i, function(who)
      local root, policy = attack.ground(who, more)
      local result = live.run {
        as = who, policy = policy, args = { "-q" },
        command = { live.program("attack_doors"), root .. "/shut/data" },
      }
      assert.equal(0, result.status, result.err)
      -- Where the kernel has no 32-bit calls there is no door; the processor's own word stands.
      local native = live.run { command = { live.program("attack_doors"), "/dev/null", "1" } }
      local gate = native.out:match("^int 0x80 getpid: (killed by SEGV)\n$")
      for name in pairs(expected) do
        if gate and name:find("^int 0x80") then expected[name] = gate end
      end
      local seen = {}
      for name, what in result.out:gmatch("([^\n]-): ([^\n]+)") do seen[name] = what end
      assert.same(expected, seen)
    end)
  end

  attack.each(it, "another supervisor inside says that it cannot be one", function(who)
    local _, policy = attack.ground(who)
    local result = live.run { as = who, policy = policy, env = { HOME = "/" }, command = {
      live.binary, "run", "-p", "readonly", "--", "/bin/echo", "nested" } }
    assert.equal(125, result.status)
    assert.equal("", result.out)
    assert.is_truthy(result.err:find("one process tree can have one supervisor", 1, true), result.err)
  end)

  attack.each(it, "PR_SET_DUMPABLE does not blind the supervisor", function(who)
    local root, policy = attack.ground(who)
    local result = live.run {
      as = who, policy = policy, args = { "-q" },
      command = { live.program("attack_dumpable"), root .. "/shut/data", root .. "/open/data" },
    }
    assert.equal("EACCES\n=innocent\n", result.out, result.err)
  end)

  attack.each(it, "processes, threads and programs as before: what needs clone3 falls back", function(who)
    local native, seen = live.both {
      as = who,
      command = { live.program("attack_views"), "tasks" },
    }
    assert.equal(native.out, seen.out)
  end)
end)
