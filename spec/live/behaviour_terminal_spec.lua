-- Signals, job control, terminals: a real interactive shell on a pseudo-terminal, and programs that
-- make their own. Natively and supervised, the same things happen.
local live = require "live"

local script = live.project .. "/spec/live/programs/terminal.py"

describe("on a terminal #live", function()
  local python
  setup(function() python = os.execute("test -x /usr/bin/python3") end)
  teardown(live.cleanup)

  local function both(what, as)
    if not python then return pending("needs python3") end
    local directory = live.directory()
    live.write_file(directory .. "/policy.lua", live.permissive)
    local prefix = { live.binary, "run", "-q", "-p", directory .. "/policy.lua", "--" }
    local function run(words)
      local command = { "/usr/bin/python3", script, what }
      for _, word in ipairs(words) do command[#command + 1] = word end
      return live.run { command = command, cwd = live.directory(), as = as, timeout = 100 }
    end
    local native, supervised = run {}, run(prefix)
    assert.equal(0, native.status, native.err)
    assert.falsy(native.out:find("never came"), native.out)
    assert.equal(native.out, supervised.out)
    assert.equal(native.err, supervised.err)
    assert.equal(native.status, supervised.status)
  end

  for what, words in pairs {
    ["signals"] = "a signal sent to moongate reaches the command, once",
    ["stops"] = "processes stop and continue each other",
    ["shell-with-commands"] = "a shell controls its jobs",
    ["supervised-shell"] = "a supervised shell controls its jobs",
    ["hang-up"] = "a command ends with its terminal",
  } do
    it(words, function() both(what, "user") end)
  end

  for _, as in ipairs { "root", "user" } do
    it("programs make terminals of their own, as " .. as, function()
      if not os.execute("command -v script >/dev/null") then return pending("needs script") end
      both("inner-terminals", as)
    end)
  end
end)
