local live = require "live"
local attack = require "attack"

describe("what a target finds of its supervisor", function()
  after_each(live.cleanup)

  local function same(options)
    local native, seen = live.both(options)
    assert.equal(native.out, seen.out, seen.err)
    assert.equal(native.status, seen.status)
  end

  attack.each(it, "no descriptor that it would not have natively", function(who)
    same { as = who, command = [[
      exec 5</etc/hostname 9>/dev/null
      ls /proc/self/fd; for i in 0 1 2 5 9; do readlink /proc/$$/fd/$i; done | sed s,/tmp/.*,tmp,
      ls /proc/self/fd | wc -l; cat /proc/self/fdinfo/5 | grep flags]] }
  end)

  attack.each(it, "no descriptor in a command started without a shell", function(who)
    same { as = who, command = { "ls", "/proc/self/fd" } }
    same { as = who, command = { "sh", "-c", "exec ls /proc/self/fd" } }
  end)

  attack.each(it, "no environment variable, argument, or change of either", function(who)
    same { as = who, env = { MARK = "x", MOONGATE = "mine", LD_PRELOAD = "" },
      command = "env | grep -v -e ^_= -e ^PWD= -e ^OLDPWD= | sort; tr '\\0' ' ' </proc/self/cmdline" }
  end)

  attack.each(it, "the same limits, masks, directory, umask, session, nice value", function(who)
    same { as = who, command = [[
      ulimit -a; umask; pwd; nice; taskset -p $$ | sed 's/.*mask//'
      grep -E '^(Umask|Groups|Uid|Gid|SigBlk|SigIgn|SigCgt|CapPrm|CapEff|CapBnd|CapAmb|Cpus_allowed):' \
        /proc/self/status
      grep -E '^(SigBlk|SigIgn):' /proc/self/status
      cat /proc/self/oom_score_adj /proc/self/coredump_filter]] }
  end)

  attack.each(it, "no descriptor arrives later, however many opens there were", function(who)
    same { as = who, command = { "sh", "-c", ([[
      for i in 1 2 3 4 5; do PROGRAM 0 /etc/hostname /none /proc/self/stat /dev/fd/0 >/dev/null; done
      PROGRAM 0x41 $(mktemp -u) >/dev/null; exec ls /proc/self/fd]])
        :gsub("PROGRAM", live.program("attack_open")) } }
  end)

  attack.each(it, "the supervisor keeps none of the target's files", function(who)
    local _, policy = attack.ground(who)
    -- Counted from outside, after thousands of calls of every outcome.
    local root = live.directory()
    live.write_file(root .. "/policy.lua", policy .. ("allow.write %q\n"):format(root .. "/wait"))
    local result = live.run { as = who, command = ([[
      cd ROOT; mkfifo wait
      BINARY run -q -p policy.lua -- sh -c '
        PROGRAM 0 /etc/hostname >/dev/null; echo >wait; cat wait >/dev/null
        for i in $(seq 30); do PROGRAM 0 $(seq 100) /etc/hostname /proc/self/stat ROOT/x/../y /dev/null \
          /none/x /proc/self/fd/0 / . >/dev/null; PROGRAM -m 0755 /usr/x /usr >/dev/null
          PROGRAM 0x41 /usr/x ROOT/open/$i >/dev/null; done
        echo >wait; cat wait >/dev/null' & s=$!
      cat wait >/dev/null; ls /proc/$s/fd | wc -l >first; echo >wait
      cat wait >/dev/null; ls /proc/$s/fd | wc -l >second; echo >wait
      wait $s; [ $(cat second) -le $(($(cat first) + 2)) ] && echo as before || cat first second]])
        :gsub("ROOT", root):gsub("BINARY", live.binary):gsub("PROGRAM", live.program("attack_open")) }
    assert.equal("as before\n", result.out, result.err)
  end)

  attack.each(it, "capabilities that exec took away are not lent", function(who)
    if who ~= "root" then return end
    local root = live.directory()
    attack.shell(("echo %s >%s/data && chown 2001 %s/data && chmod 000 %s/data")
      :format(attack.secret, root, root, root))
    for _, how in ipairs { "bounding", "securebits", "setuid", "capset" } do
      same { as = who, command = { live.program("attack_drop"), how, "cat", root .. "/data" } }
      local seen = live.run { policy = live.permissive, args = { "-q" },
        command = { live.program("attack_drop"), how, "cat", root .. "/data" } }
      assert.is_nil(seen.out:find(attack.secret, 1, true), how)
    end
  end)

  attack.each(it, "the launch works whatever the policy refuses", function(who)
    for _, calls in ipairs { '"sendmsg"', '"write"', '"futex"', '"fcntl"',
      '{ "sendmsg", "recvmsg", "sendto", "socketpair", "dup", "dup2", "dup3", "fcntl", "ioctl" }' } do
      local result = live.run { as = who, timeout = 10, args = { "-q" },
        policy = 'allow.read "/**"\nallow.exec "/**"\ndeny.read "/never"\ndeny.syscall ' .. calls .. "\n",
        command = { live.program("attack_status") } }
      assert.equal(23, result.status, calls .. result.err)
    end
  end)

  attack.each(it, "a second supervisor says why it cannot be", function(who)
    local _, policy = attack.ground(who)
    local result = live.run { as = who, policy = policy, env = { HOME = "/" },
      command = { live.binary, "run", "-p", "workspace", "--", "/bin/echo", "ran" } }
    assert.equal(125, result.status)
    assert.equal("", result.out)
    assert.is_truthy(#result.err > 40)
  end)
end)
