-- Storms of notifications: nobody else is starved, the supervisor stays small, the log does not fill
-- the disk.
local live = require "live"
local attack = require "attack"

describe("a storm of refused opens #live", function()
  after_each(live.cleanup)

  local POLICY = [[
allow.read "/**"
allow.exec "/**"
allow.write { "/dev/null", "ROOT/**" }
deny.read "/etc/shadow"
limits { processes = 100 }
]]

  local function run(who, script)
    local root = live.directory()
    live.write_file(root .. "/policy.lua", (POLICY:gsub("ROOT", root)))
    live.write_file(root .. "/script.sh", script)
    local result = live.run { as = who, timeout = 60, cwd = root, command = ([[
      exec setsid -w %s run -p policy.lua --log log -- sh -c 'PATH=%s:$PATH; . ./script.sh']])
      :format(live.binary, live.build .. "/spec/programs") }
    return result, root
  end

  attack.each(it, "from 64 threads starves no other program", function(who)
    local result = run(who, [[
      storm 64 8 /etc/shadow >storm & storm=$!; sleep 1
      /usr/bin/python3 -c '
import time
worst = 0
for i in range(100):
    before = time.monotonic()
    open("/etc/hostname").close()
    worst = max(worst, time.monotonic() - before)
print("done", worst < 2, worst)'
      kill -0 $storm && echo in time; wait; cat storm]])
    assert.truthy(result.out:find("^done True [%d.e-]+\nin time\n%d+\n$"), result.out .. result.err:sub(1, 2000))
    assert.equal(0, result.status)
  end)

  attack.each(it, "leaves the supervisor as small as it was", function(who)
    if who == "user" then return end -- its memory is root's to see
    local result = run(who, [[
      rss() { sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' /proc/$1/status; }
      m=$(ps -A -o pid=,args= | sed -n 's/^ *\([0-9]*\) [^ ]*moongate run -p policy.lua --log log.*/\1/p' | head -1)
      storm 64 1 /etc/shadow >/dev/null; before=$(rss $m); storm 64 3 /etc/shadow >/dev/null; after=$(rss $m)
      echo $((after - before))]])
    local grown = tonumber(result.out)
    assert.truthy(grown, result.out .. result.err:sub(1, 2000))
    assert.is_true(grown < 2048, grown .. " KiB")
  end)

  attack.each(it, "writes so many lines of the log, and the count of the others", function(who)
    local result, root = run(who, "storm 64 2 /etc/shadow; cat /etc/shadow /etc/hostname 2>/dev/null")
    local tried = tonumber(result.out:match("^(%d+)\n"))
    local log = live.read_file(root .. "/log")
    local lines, shadow, dropped = 0, 0, 0
    for line in log:gmatch("[^\n]+") do
      lines = lines + 1
      assert.truthy(line:find('^ *{"time":".*}$'), line)
      if line:find('"path":"/etc/shadow"', 1, true) then shadow = shadow + 1 end
      dropped = dropped + tonumber(line:match('"dropped":(%d+)') or 0)
    end
    assert.is_true(tried > 1000, result.out .. result.err)
    assert.is_true(lines < 3000, lines .. " lines")
    -- Nothing is lost: the last call of a thread may not have been counted by it.
    assert.is_true(shadow + dropped >= tried and shadow + dropped <= tried + 100,
      ("%d opens, %d lines, %d dropped"):format(tried, shadow, dropped))
    assert.truthy(log:find('"path":"/etc/hostname"', 1, true), "the innocent program is in the log")
  end)

  -- Each line has both names twice: as text, and their bytes.
  attack.each(it, "of the longest names grows the log by so many bytes a second", function(who)
    local result, root = run(who, [[/usr/bin/python3 -c '
import os, time
deep, count, start = b"\xff" * 200, 0, time.monotonic()
os.mkdir(b"deep"); os.chdir(b"deep")
for _ in range(17): os.mkdir(deep); os.chdir(deep)
while time.monotonic() < start + 3:
    try: os.rename(b"/etc/shadow", b"\xfe" * 200 + str(count).encode())
    except OSError: count += 1
print(count, int(time.monotonic() - start) + 2)']])
    local tried, seconds = result.out:match "^(%d+) (%d+)\n$"
    assert.truthy(tried, result.out .. result.err)
    local log = live.read_file(root .. "/log")
    local lines = select(2, log:gsub('"syscall":"rename"', ""))
    local dropped = 0
    for count in log:gmatch '"dropped":(%d+)' do dropped = dropped + count end
    assert.is_true(#log <= seconds * (9 << 20), ("%d bytes in %d s"):format(#log, seconds))
    assert.equal(tonumber(tried), lines + dropped)
  end)

  attack.each(it, "of forks does not hold up those who do not fork", function(who)
    -- Who measures is there before the storm, and needs no process of its own.
    local result = run(who, [[
      /usr/bin/python3 -c '
import os, time
time.sleep(2)
worst = 0
for i in range(100):
    before = time.monotonic(); open("/etc/hostname").close(); worst = max(worst, time.monotonic() - before)
print("done", worst < 2, worst, flush=True)
os.kill(0, 9)' &
      exec /usr/bin/python3 -c '
import os, threading, time
def fork():
    while True:
        try:
            if os.fork() == 0: time.sleep(60)
        except OSError: pass
for i in range(40): threading.Thread(target=fork, daemon=True).start()
time.sleep(60)']])
    assert.truthy(result.out:find("^done True"), result.out .. result.err:sub(1, 2000))
  end)
end)
