local live = require "live"
local attack = require "attack"

describe("the supervisor and its guard", function()
  after_each(live.cleanup)

  attack.each(it, "cannot be signalled, traced, read, limited or robbed of the listener", function(who)
    local _, policy = attack.ground(who, 'allow.write "/proc/**"\n')
    local result = attack.supervised { as = who, policy = policy, script = [[
      attack_supervisor $S $G
      attack_open 0 shut/data open/data 2>&1
    ]] }
    assert.equal("done\nENOENT\nENOENT\n", result.out, result.err)
    assert.equal(0, result.status)
  end)

  attack.each(it, "with everything open that a policy can open", function(who)
    local _, policy = attack.ground(who, [[
allow.write "/proc/**"
allow.syscall { "@debug", "@file-change", "@network", "@keyring", "@time", "@admin", "@perf", "@chroot" }
]])
    local result = attack.supervised { as = who, policy = policy, script = [[
      attack_supervisor $S $G | grep -v -e perf_event_open
      attack_open 0 /etc/hostname >/dev/null && echo served
    ]] }
    assert.equal("done\nserved\n", result.out, result.err)
  end)

  attack.each(it, "survive what is sent to everybody", function(who)
    local _, policy = attack.ground(who)
    local result = attack.supervised { as = who, policy = policy, script = [[
      trap "" TERM HUP USR1
      kill -TERM 0; kill -HUP 0; kill -USR1 -$$ 2>/dev/null
      setsid sh -c 'kill -KILL 0'
      attack_open 0 /etc/hostname >/dev/null && echo served
    ]] }
    assert.equal("served\n", result.out, result.err)
  end)

  attack.each(it, "a program may still limit and signal itself and its children", function(who)
    local native, seen = live.both { as = who, command = [[
      sleep 20 & p=$!
      prlimit --pid $p --nofile=100:100 && prlimit --pid $p --nofile --noheadings -o HARD
      prlimit --pid $$ --nofile=200:200 && sh -c "ulimit -n"
      ulimit -n 150 && ulimit -n; nice -n 5 nice; renice -n 3 -p $p >/dev/null && echo renice
      taskset -p 1 $p >/dev/null && echo taskset; taskset 1 nproc; ionice -c 3 -p $p && ionice -p $p
      chrt -i -p 0 $p && echo chrt; kill -STOP $p; kill -CONT $p; kill $p; wait $p; echo $?]] }
    assert.equal(native.out, seen.out, seen.err)
  end)
end)
