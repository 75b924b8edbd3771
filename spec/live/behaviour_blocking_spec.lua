-- Opens that wait (FIFOs), and what signals do to them, natively and supervised.
local live = require "live"

describe("an open that waits #live", function()
  teardown(live.cleanup)

  local function both(what, as)
    local function run(policy)
      return live.run {
        command = { live.program("behaviour_blocking"), what }, cwd = live.directory(), as = as,
        timeout = 30, policy = policy, args = { "-q" },
      }
    end
    local native, supervised = run(nil), run(live.permissive)
    assert.equal(0, native.status, native.err)
    assert.equal(native.out, supervised.out)
    assert.equal(native.err, supervised.err)
    assert.equal(native.status, supervised.status)
    assert.falsy(native.out:find("too"), native.out)
  end

  for _, as in ipairs { "root", "user" } do
    for what, words in pairs {
      ["meeting"] = "ends when the other end comes",
      ["crowd"] = "keeps nobody else waiting",
      ["interrupted"] = "is interrupted by a handler, and restarted if asked",
      ["not-interrupted"] = "is not interrupted by what is ignored or blocked",
      ["fatal"] = "ends with its process",
      ["stopped"] = "stops and goes on with its process",
      ["threads"] = "is one thread's only",
    } do
      it(words .. ", as " .. as, function() both(what, as) end)
    end
  end
end)
