-- Interrupted is only what would be natively: execs that fail leave nothing behind, and of threads
-- that all wait a signal reaches one.
local live = require "live"
local attack = require "attack"

local sparse = tonumber(os.getenv("MOONGATE_SPARSE") or "1")

describe("interruptions #live", function()
  after_each(live.cleanup)

  local function same(who, ...)
    local native, supervised = live.both { as = who, timeout = 60, args = { "-q" },
      command = { live.program("interrupted"), ... } }
    assert.equal(native.out, supervised.out, supervised.err)
    assert.equal(0, supervised.status)
    return native.out
  end

  attack.each(it, "an exec behind execs that fail", function(who)
    local root = live.directory()
    attack.shell(("echo : >%s/text && chmod 755 %s/text"):format(root, root), who)
    assert.equal("0 failed\n", same(who, "execs", root .. "/text", "/bin/true", tostring(400 // sparse)))
    assert.equal("0 interrupted\n", same(who, "behind", root .. "/text", "200"))
    -- What execvp(3), and `run` itself, do with such a file.
    for _ = 1, 20 do
      local result = live.run { as = who, policy = live.permissive, command = { root .. "/text" } }
      assert.equal(0, result.status, result.err)
    end
  end)

  for _, way in ipairs { "interrupt", "restart" } do
    attack.each(it, "one of several blocked threads gets a signal: " .. way, function(who)
      local root = live.directory()
      attack.shell(("mkfifo %s/fifo"):format(root), who)
      local out = same(who, "signals", root .. "/fifo", "8", "20", way == "restart" and way or nil)
      assert.equal(way == "restart" and "20 handled\n" or "20 handled, errno 4: 20\n", out)
    end)
  end
end)
