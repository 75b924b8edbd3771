-- What a handler may answer, and what happens when it answers something else.
local T = require "moongate.testing"
local policies = require "policies"

local function failure(body, expected, call)
  local answer = policies.answer(body, call)
  assert.equal("failure", answer.source)
  assert.equal("deny", answer.verdict)
  assert.equal("EACCES", answer.errno)
  assert.truthy(answer.why:find(expected, 1, true), answer.why)
end

describe("a handler", function()
  it("allows", function()
    local answer = policies.answer("return allow()")
    assert.same({ "allow", "handler", "policy.lua", 1 },
      { answer.verdict, answer.source, answer.file, answer.line })
  end)

  it("denies with the usual errno, with one of its own, with a reason", function()
    assert.equal("EACCES", policies.answer("return deny()").errno)
    assert.equal("EACCES", policies.answer("return deny(nil, 'no')").errno)
    local answer = policies.answer("return deny('EROFS', 'not today')")
    assert.same({ "deny", "handler", "EROFS", "not today" },
      { answer.verdict, answer.source, answer.errno, answer.why })
  end)

  it("kills, pretends, redirects, makes up content", function()
    assert.equal("kill", policies.answer("return kill('caught')").verdict)
    assert.equal("caught", policies.answer("return kill('caught')").why)
    assert.equal(7, policies.answer("return value(7)").value)
    assert.equal(0, policies.answer("return value(0)").value)
    assert.equal(2147483647, policies.answer("return value(2147483647)").value)
    assert.equal("/y", policies.answer("return redirect('/y')").data)
    assert.equal("a\0b", policies.answer("return content('a\\0b')").data)
    assert.equal("", policies.answer("return content('')").data)
  end)

  it("may have no opinion", function()
    assert.equal("default", policies.answer("return nil").source)
    assert.equal("default", policies.answer("").source)
  end)

  it("cuts long reasons", function()
    assert.equal(255, #policies.answer("return deny(nil, ('x'):rep(1000))").why)
  end)
end)

describe("nonsense is a refusal:", function()
  local rows = {
    { "return 'allow'", "on.open returned a string" },
    { "return 1", "on.open returned a number" },
    { "return true", "on.open returned a boolean" },
    { "return {}", "on.open returned a table" },
    { "return allow", "did you forget the parentheses of allow()?" },
    { "return deny", "did you forget the parentheses of allow()?" },
    { "return kill", "did you forget to call it?" },
    { "return call", "on.open returned a " },
    { "if true then deny('EPERM') end", "made a verdict and returned nothing; write return deny(" },
    { "allow()", "write return allow(" },
    { "redirect('/y') return nil", "write return redirect(" },
    { "return call.flags", "on.open returned a " },
    { "return function() end", "on.open returned a function" },
    { "return deny('EACESS')", "(did you mean 'EACCES'?)" },
    { "return deny('because')", "unknown errno 'because'; write deny(\"EPERM\", \"reason\")" },
    { "return deny(13)", "deny() wants the name of an errno, like \"EPERM\", not a number" },
    { "return deny('EPERM', {})", "a reason is a string, not a table" },
    { "return deny('EPERM', 'a', 'b')", "too many arguments; write deny(\"ERRNO\", \"reason\")" },
    { "return allow('/x')", "too many arguments; write allow()" },
    { "return kill({})", "a reason is a string" },
    { "return value(-1)", "value() takes 0 to 2147483647; to fail, write deny(\"ERRNO\")" },
    { "return value(2147483648)", "value() takes 0 to" },
    { "return value(1.5)", "number has no integer representation" },
    { "return value()", "number expected" },
    { "return redirect('y')", "redirect() wants an absolute path" },
    { "return redirect('/a\\0b')", "redirect() wants a path: shorter than 4096 bytes, without NUL" },
    { "return redirect('/' .. ('x'):rep(4096))", "shorter than 4096 bytes" },
    { "return redirect(1)", "redirect() wants a string, not a number" },
    { "return content()", "content() wants a string, not a no value" },
    { "return content(('x'):rep(16 * 1024 * 1024 + 1))", "" },
    { "allow.read '/x'", "allow.read is declared while the policy is loaded, not inside a handler" },
    { "deny.read '/x'", "deny.read is declared while the policy is loaded" },
    { "default.allow()", "default is declared while the policy is loaded" },
    { "on.mkdir = function() end", "on.mkdir is declared while the policy is loaded" },
    { "use 'base/loader'", "use belongs at the top of the file, not in a handler" },
    { "params {}", "params belongs at the top of the file, not in a handler" },
    { "return alow()", "policy.lua:2: unknown name 'alow' (did you mean 'allow'?)" },
    { "x = 1", "policy.lua:2: assignment to global 'x'" },
  }
  for _, row in ipairs(rows) do
    it(row[1], function()
      failure(row[1], row[2])
    end)
  end

  it("content() for anything but open", function()
    local answer = policies.ask("function on.mkdir() return content('x') end",
      { op = "mkdir", path = "/x" })
    assert.equal("failure", answer.source)
    assert.truthy(answer.why:find("content() is a verdict for on.open only, not for on.mkdir", 1, true))
  end)
end)

describe("verdicts of the operations that change and look", function()
  local function answer(op, body)
    return policies.ask(("function on.%s(call) return %s end"):format(op, body), policies.call(op))
  end

  for op in pairs(require("moongate.core").operations) do
    it("on." .. op, function()
      assert.equal("allow", answer(op, "allow()").verdict)
      assert.same({ "deny", "EROFS" }, { answer(op, "deny('EROFS')").verdict,
        answer(op, "deny('EROFS')").errno })
      assert.equal((op == "kill" or op == "map") and "EPERM" or "EACCES", answer(op, "deny()").errno)
      assert.equal("kill", answer(op, "kill()").verdict)
      assert.equal("value", answer(op, "value(0)").verdict)
      assert.equal("/z", answer(op, "redirect('/z')").data)
      assert.equal("failure", answer(op, "1").source)
      assert.equal(op == "open" and "content" or "deny", answer(op, "content('x')").verdict)
    end)
  end
end)

describe("verdicts while loading", function()
  policies.fail_to_load {
    { "allow()", "policy.lua:1: allow() makes a verdict and must be returned from a handler; "
      .. "at the top of a policy write allow.read \"/path\"" },
    { "deny('EPERM')", "deny() makes a verdict and must be returned from a handler; "
      .. "at the top of a policy write deny.read \"/path\"" },
    { "kill()", "kill() makes a verdict" },
    { "value(0)", "value() makes a verdict" },
    { "redirect('/x')", "redirect() makes a verdict" },
    { "content('x')", "content() makes a verdict" },
  }
end)

describe("several handlers of one operation", function()
  local files = require "files"

  -- The answer when one file's handler returns `a` and the other's `b`, in this order of loading.
  local function together(a, b)
    local directory = files.make {
      ["a.lua"] = "function on.open(call) return " .. a .. " end",
      ["b.lua"] = "function on.open(call) return " .. b .. " end",
    }
    local policy = T.load { directory .. "/a.lua", directory .. "/b.lua" }
    files.remove(directory)
    return policy:decide { op = "open", path = "/x" }, policy
  end

  local rows = {
    { "allow()", "deny('EPERM')", "deny", "handler" },
    { "allow()", "kill()", "kill", "handler" },
    { "deny()", "kill()", "kill", "handler" },
    { "value(3)", "deny()", "deny", "handler" },
    { "nil", "value(3)", "value", "handler" },
    { "nil", "nil", "deny", "default" },
    { "allow()", "allow()", "allow", "handler" },
    { "redirect('/y')", "redirect('/y')", "redirect", "handler" },
    { "redirect('/y')", "redirect('/z')", "deny", "failure" },
    { "allow()", "value(1)", "deny", "failure" },
    { "value(2)", "value(1)", "deny", "failure" },
    { "'nonsense'", "allow()", "deny", "failure" },
    { "'nonsense'", "kill()", "kill", "handler" },
    { "'nonsense'", "deny('EPERM')", "deny", "failure" },
  }
  for _, row in ipairs(rows) do
    it(("%s and %s: %s"):format(row[1], row[2], row[3]), function()
      for _, order in ipairs { { row[1], row[2] }, { row[2], row[1] } } do
        local answer = together(order[1], order[2])
        assert.equal(row[3], answer.verdict)
        assert.equal(row[4], answer.source)
      end
    end)
  end

  it("that disagree are both named", function()
    local answer, policy = together("allow()", "value(1)")
    assert.truthy(answer.why:find("want different things", 1, true))
    assert.truthy(policy:log():find("a.lua:1", 1, true))
  end)
end)

describe("a declared deny", function()
  it("is never overruled by a handler", function()
    local policy = T.load_text("deny.read '/x'\nfunction on.open() return allow() end")
    assert.denies(policy, T.call.open "/x")
    assert.allows(policy, T.call.open "/y")
  end)
end)

describe("a handler's refusal", function()
  it("is not overruled by an allow", function()
    local policy = T.load_text("allow.read '/**'\nfunction on.open() return deny('EPERM') end")
    assert.denies(policy, T.call.open "/x", "EPERM")
  end)

  it("leaves other operations alone", function()
    local policy = T.load_text("allow.create '/**'\nfunction on.open() return deny('EPERM') end")
    assert.allows(policy, T.call.mkdir "/x")
  end)
end)
