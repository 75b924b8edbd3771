local live = require "live"
local attack = require "attack"

-- Whoever dies, and when: no target runs on that can open files, nothing hangs, nothing is left.
describe("the death of the supervisor, the guard or the target", function()
  after_each(live.cleanup)

  --- A tree of descendants of every kind, one of which is killed; what attack_watch says of it.
  local function watch(who, whom, finish, ready)
    local root, policy = attack.ground(who)
    attack.shell(("mkfifo -m 666 %s/open/data.fifo"):format(root), who)
    live.write_file(root .. "/policy.lua", policy)
    local result = live.run { as = who, cwd = root, timeout = 20, command = {
      live.program("attack_watch"), whom, ready or (root .. "/open/ready"), live.binary, "run", "-q",
      "-p", "policy.lua", "--", live.program("attack_tree"), root .. "/open/data",
      root .. "/open/ready", finish or "stay" } }
    assert.equal(0, result.status)
    return result.out
  end

  attack.each(it, "SIGKILL of the supervisor", function(who)
    assert.equal("status 137\n", watch(who, "supervisor"))
  end)

  attack.each(it, "SIGKILL of the guard", function(who)
    local out = watch(who, "guard")
    assert.is_truthy(out:find("^status %d+\n$"), out)
    assert.not_equal("status 0\n", out)
  end)

  attack.each(it, "SIGKILL of the guard, then of the supervisor", function(who)
    -- Nobody outlives both to kill the tree; what dies with its parent does, and the rest is refused
    -- every open by the kernel (the listener is gone).
    local out = watch(who, "both")
    assert.is_truthy(out:find("status 137\n$"), out)
  end)

  attack.each(it, "SIGKILL of the guard when only daemons are left", function(who)
    local out = watch(who, "guard", "leave")
    assert.is_truthy(out:find("^status %d+\n$"), out)
  end)

  attack.each(it, "SIGKILL of the supervisor when only daemons are left", function(who)
    assert.equal("status 137\n", watch(who, "supervisor", "leave"))
  end)

  attack.each(it, "at any moment from the launch on", function(who)
    for _, whom in ipairs { "supervisor", "guard" } do
      for i = 1, 12 do
        local out = watch(who, whom, "stay", tostring(i * i * 100))
        assert.is_truthy(out:find("^status %d+\n$"), whom .. " after " .. i * i * 100 .. " us: " .. out)
      end
    end
  end)

  attack.each(it, "daemons stay supervised until the last one is gone", function(who)
    local root, policy = attack.ground(who)
    live.write_file(root .. "/policy.lua", policy)
    local result = live.run { as = who, cwd = root, timeout = 10, command = ([[
      BINARY run -q -p policy.lua -- sh -c '
        (setsid sh -c "sleep 0.5; cat shut/data open/data >open/seen 2>open/errors" &)
        exit 7'
      echo $?; cat open/seen open/errors]]):gsub("BINARY", live.binary) }
    assert.equal("7\ninnocent\ncat: shut/data: Permission denied\n", result.out, result.err)
  end)

  attack.each(it, "SIGKILL of targets at any moment leaves neither hang nor zombie", function(who)
    local root, policy = attack.ground(who)
    live.write_file(root .. "/policy.lua", policy)
    local result = live.run { as = who, cwd = root, timeout = 30, command = ([[
      mkfifo open/fifo
      BINARY run -q -p policy.lua -- sh -c '
        for i in 1 2 3 4 5 6 7 8 9 10; do
          PROGRAM open 100000 4 open >/dev/null & a=$!; cat open/fifo & b=$!
          PROGRAM directory 100000 2 open >/dev/null & c=$!
          sleep 0.0$i; kill -KILL $a $b $c; wait $a $b $c
        done
        cat open/data; ps -o stat= --ppid $$ | grep -c Z'
      echo status $?]]):gsub("BINARY", live.binary):gsub("PROGRAM", live.program("attack_storm")) }
    assert.equal("innocent\n0\nstatus 1\n", result.out, result.err)
  end)

  attack.each(it, "orphans are reaped", function(who)
    local _, policy = attack.ground(who)
    local result = attack.supervised { as = who, policy = policy, script = [[
      for i in $(seq 50); do sh -c '(true &) & exit' ; done; sleep 0.3
      ps -e -o ppid=,stat=,comm= | awk -v g=$G '$1 == g && $2 ~ /Z/' | wc -l
    ]] }
    assert.equal("0\n", result.out, result.err)
  end)

  attack.each(it, "a killed command's status", function(who)
    local _, policy = attack.ground(who)
    for signal, status in pairs { KILL = 137, TERM = 143, SEGV = 139 } do
      local result = live.run { as = who, policy = policy, args = { "-q" },
        command = { "sh", "-c", "ulimit -c 0; kill -" .. signal .. " $$" } }
      assert.equal(status, result.status)
    end
  end)
end)
