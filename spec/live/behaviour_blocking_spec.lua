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

    -- The writer has gone by the time the reader is served: what was opened can't be opened again.
    it("gets what was written, whatever is renamed meanwhile, as " .. as, function()
      local script = [[
import os, time
os.mkfifo("fifo"); open("x", "w").close()
for i in range(20):
    reader = os.fork()
    if reader == 0: print(os.read(os.open("fifo", os.O_RDONLY), 16), flush=True); os._exit(0)
    time.sleep(0.01); os.rename("xy"[i & 1], "yx"[i & 1])
    writer = os.open("fifo", os.O_WRONLY); os.write(writer, b"data"); os.close(writer)
    os.waitpid(reader, 0)]]
      local function run(policy)
        return live.run { command = { "/usr/bin/python3", "-c", script }, cwd = live.directory(), as = as, timeout = 30,
          policy = policy, args = { "-q" } }
      end
      local native, supervised = run(nil), run(live.permissive)
      assert.equal(("b'data'\n"):rep(20), native.out, native.err)
      assert.equal(native.out, supervised.out, supervised.err)
    end)
  end
end)
