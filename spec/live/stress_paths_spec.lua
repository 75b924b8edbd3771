-- A minute of random path operations from everywhere at once, then: no result that is not possible
-- natively, no tree that differs from what was done to it, and a supervisor as small as before.
-- MOONGATE_STRESS_SECONDS and MOONGATE_STRESS_SEED change what is run.
local live = require "live"
local attack = require "attack"

local seconds = tonumber(os.getenv("MOONGATE_STRESS_SECONDS") or 60)
local seed = os.getenv("MOONGATE_STRESS_SEED") or "1"

local sanitized = live.read_file(live.build .. "/CMakeCache.txt"):find("\nMOONGATE_SANITIZE:[^\n]*=[^\n]") ~= nil

-- Looks at the supervisor five times a second: time, descriptors, threads, resident kilobytes.
local watch = [[
  while [ ! -s pid ]; do sleep 0.05; done
  read -r supervisor <pid; read -r start _ </proc/uptime
  while [ -d "/proc/$supervisor/fd" ]; do
    set -- /proc/$supervisor/fd/*; fds=$#
    set -- /proc/$supervisor/task/*; threads=$#
    rss=$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' /proc/$supervisor/status); read -r now _ </proc/uptime
    [ -n "$rss" ] && echo "$start $now $fds $threads $rss"; sleep 0.2
  done >samples 2>/dev/null; echo >watched]]

-- The least of what was seen between two moments: at any one, calls are in hand.
local function least(samples, from, to, what)
  local found
  for _, sample in ipairs(samples) do
    if sample.time >= from and sample.time <= to then found = math.min(found or sample[what], sample[what]) end
  end
  return assert(found, "the supervisor was not watched")
end

local function numbers(result)
  local found = {}
  for name, number in result.out:gmatch("(%a+)=(%d+)") do found[name] = tonumber(number) end
  assert(found.operations, "no numbers: status " .. tostring(result.status) .. " " .. result.err)
  return found
end

local function assert_possible(result)
  local found = numbers(result)
  assert(found.unexpected == 0 and found.diverged == 0 and result.status == 0,
    "seed " .. seed .. ", status " .. tostring(result.status) .. "\n" .. result.err .. result.out)
  -- Every operation succeeded often enough for this to mean something.
  for name, number in result.out:gmatch("(%a+)=(%d+)/") do
    assert(number + 0 > 20, name .. " succeeded " .. number .. " times: " .. result.out)
  end
  assert(found.children > 0 and found.moved > 0 and found.compared >= 4 and found.blocked > 0, result.out)
  return found
end

describe("random path operations #live", function()
  after_each(live.cleanup)

  attack.each(it, "natively are what the model says", function(who)
    local result = live.run { as = who, cwd = live.directory(), timeout = 60,
      command = { live.program("stress_paths"), seed, tostring(math.min(seconds, 10)) } }
    assert.equal(0, assert_possible(result).interrupted)
  end)

  attack.each(it, "supervised are the same, and leave nothing in the supervisor", function(who)
    local root, work = live.directory(), live.directory()
    live.write_file(root .. "/policy.lua", live.permissive)
    os.execute(("cd %s && (sh -c %s) >/dev/null 2>&1 &"):format(root, live.quote(watch)))
    local result = live.run { as = who, cwd = work, timeout = seconds + 120, command = ([[
      echo $$ >ROOT/pid; exec BINARY run -q -p ROOT/policy.lua -- PROGRAM SEED SECONDS]])
      :gsub("%u%u+", { ROOT = root, BINARY = live.binary, PROGRAM = live.program("stress_paths"),
        SEED = seed, SECONDS = tostring(seconds) }) }
    local found = assert_possible(result)
    -- A signal may come before a call has been received (docs/design.md), and interrupts one at most.
    assert(found.interrupted < found.ticks, result.out)

    os.execute(("cd %s && for i in $(seq 100); do [ -e watched ] && break; sleep 0.1; done"):format(root))
    local samples = {}
    for start, now, fds, threads, rss in live.read_file(root .. "/samples")
      :gmatch("([%d.]+) ([%d.]+) (%d+) (%d+) (%d+)\n") do
      samples[#samples + 1] = { time = now - start, fds = fds + 0, threads = threads + 0, rss = rss + 0 }
    end
    local last = seconds - 1
    if seconds < 20 then return pending("too short to tell whether the supervisor grows") end
    if least(samples, 8, 10, "fds") <= 1 then return pending("the supervisor's descriptors are root's to see") end
    -- Threads stay, as many as calls were ever in hand at once: here, of four threads and four children.
    for what, more in pairs { fds = 4, threads = 8, rss = sanitized and math.huge or 2048 } do
      local from = what == "rss" and 15 or 8
      local before, after = least(samples, from, from + 2, what), least(samples, last - 2, last, what)
      assert(after <= before + more, ("%s: %d after %d s, %d at the end"):format(what, before, from, after))
    end
  end)
end)
