-- Twice: with a Landlock domain around the program, and as on a kernel that has none with scopes.
local live = require "live"
local attack = require "attack"

for words, options in pairs { [""] = "", [" without Landlock"] = "--without-landlock" } do
describe("the supervisor and its guard" .. words .. " #live", function()
  after_each(live.cleanup)

  attack.each(it, "cannot be signalled, traced, read, limited or robbed of the listener", function(who)
    local _, policy = attack.ground(who, 'allow.write "/proc/**"\n')
    local result = attack.supervised { as = who, options = options, policy = policy, script = [[
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
    local result = attack.supervised { as = who, options = options, policy = policy, script = [[
      attack_supervisor $S $G | grep -v -e perf_event_open
      attack_open 0 /etc/hostname >/dev/null && echo served
    ]] }
    assert.equal("done\nserved\n", result.out, result.err)
  end)

  attack.each(it, "survive what is sent to everybody", function(who)
    local _, policy = attack.ground(who)
    local result = attack.supervised { as = who, options = options, policy = policy, script = [[
      trap "" TERM HUP USR1
      kill -TERM 0; kill -HUP 0; kill -USR1 -$$ 2>/dev/null
      setsid sh -c 'kill -KILL 0'
      attack_open 0 /etc/hostname >/dev/null && echo served
    ]] }
    assert.equal("served\n", result.out, result.err)
  end)

  attack.each(it, "others of the same user are left alone, too", function(who)
    local _, policy = attack.ground(who, 'allow.syscall "@debug"\n')
    local result = attack.supervised { as = who, options = options, policy = policy, script = [[
      attack_supervisor $O $O | grep -v -e perf_event_open -e listed
    ]] }
    assert.equal("done\n", result.out, result.err)
    assert.equal(0, result.status)
  end)

  attack.each(it, "a program signals what is its own, one by one and in groups", function(who)
    local native, seen = live.both { as = who, args = { "-q", options ~= "" and options or nil }, command = { "setsid", "-w", "bash", "-c", [[
      trap '' USR2; trap 'echo usr1' USR1; kill -USR1 $$; kill -USR1 0; kill -USR1 -$$; kill -0 $$; echo $?; kill -0 -$$; echo $?
      sleep 20 & p=$!; kill -0 $p; echo $?; kill -TERM $p; wait $p; echo $?; kill -0 $p 2>/dev/null; echo $?
      setsid sh -c 'sleep 20 & trap "" TERM; kill -TERM 0; wait $!; echo $?'; kill -99 0 2>/dev/null; echo $?
      (sleep 20 & kill -KILL $!; wait $!; echo $?) 2>/dev/null; kill -USR1 -99999 2>/dev/null; echo $?
      /usr/bin/python3 -c '
import os, signal
got = []
signal.signal(signal.SIGUSR2, lambda number, frame: got.append(number))
signal.pthread_kill(__import__("threading").get_ident(), signal.SIGUSR2)
signal.pidfd_send_signal(os.pidfd_open(os.getpid()), signal.SIGUSR2)
if os.fork() == 0: os.killpg(0, signal.SIGUSR2); os._exit(0)
os.wait(); print(len(got))']] } }
    assert.equal(native.out, seen.out, seen.err)
    assert.equal(native.status, seen.status)
  end)

  attack.each(it, "a program may still limit and signal itself and its children", function(who)
    local native, seen = live.both { as = who, args = { options ~= "" and options or nil }, command = [[
      sleep 20 & p=$!
      prlimit --pid $p --nofile=100:100 && prlimit --pid $p --nofile --noheadings -o HARD
      prlimit --pid $$ --nofile=200:200 && sh -c "ulimit -n"
      ulimit -n 150 && ulimit -n; nice -n 5 nice; renice -n 3 -p $p >/dev/null && echo renice
      taskset -p 1 $p >/dev/null && echo taskset; taskset 1 nproc; ionice -c 3 -p $p && ionice -p $p
      chrt -i -p 0 $p && echo chrt; kill -STOP $p; sleep 0.2; kill -CONT $p; sleep 0.2; kill $p; wait $p; echo $?]] }
    assert.equal(native.out, seen.out, seen.err)
  end)
end)
end
