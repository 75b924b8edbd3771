-- What a policy cannot reach.
local T = require "moongate.testing"
local policies = require "policies"

describe("a policy's environment", function()
  local closed = {
    "setmetatable", "getmetatable", "rawget", "rawset", "xpcall", "load", "loadstring", "dofile",
    "loadfile", "require", "coroutine", "collectgarbage", "io", "os", "debug", "package", "_G",
  }
  for _, name in ipairs(closed) do
    it("has no " .. name, function()
      assert.equal(("policy.lua:1: '%s' is not there: a policy has no way out of its own world, "
        .. "by design"):format(name), policies.problem("local x = " .. name))
    end)
  end

  it("has the harmless part of Lua", function()
    T.load_text([[
      assert(type(tostring(tonumber("12"))) == "string")
      assert(select("#", pcall(error, "x")) == 2)
      assert(rawequal(1, 1) and rawlen("ab") == 2)
      for _ in ipairs { 1 } do end
      for _ in pairs { 1 } do end
      assert(next({}) == nil)
      assert(math.floor(1.5) == 1 and utf8.char(228) == "ä")
      assert(("x"):rep(3) == "xxx" and string.format("%d", 3) == "3")
      assert(table.concat({ 1, 2 }, ",") == "1,2" and table.unpack({ 7 }) == 7)
      local t = { 3, 1, 2 }
      table.sort(t)
      table.insert(t, 4)
      assert(table.remove(t, 1) == 1 and #t == 3)
      assert(table.move(t, 1, 3, 2)[2] == 2 and table.pack(1, 2).n == 2)
      assert(_VERSION == "Lua 5.4")
    ]])
  end)

  policies.fail_to_load {
    { "x = 1", "policy.lua:1: assignment to global 'x'; write 'local x'" },
    { "allow = 1", "assignment to global 'allow'; write 'local allow'" },
    { "function f() end", "assignment to global 'f'; write 'local f'" },
    { "\nlocal x = alow", "policy.lua:2: unknown name 'alow' (did you mean 'allow'?)" },
    { "string.format = nil", "string is read-only" },
    { "table.x = 1", "table is read-only" },
    { "math.floor = 1", "math is read-only" },
    { "string.frmat('x')", "string has no 'frmat' (did you mean 'format'?)" },
    { "('x'):frmat()", "string has no 'frmat' (did you mean 'format'?)" },
    { "local x = string.dump", "string has no 'dump'" },
    { "local x = string.pack", "string has no 'pack'" },
    { "local x = math.randomseed", "math has no 'randomseed'" },
    { "env.HOME = 'x'", "env is read-only" },
    { "args.x = 1", "args is read-only" },
    { "allow.read = 1", "allow is read-only" },
    { "default.allow = 1", "default is read-only" },
    { "local x = env.SSH_AUTH_SOCK", "env.SSH_AUTH_SOCK is not passed on to policies" },
    { "local x = env.HOM", "(did you mean 'HOME'?)" },
  }

  it("shows env and cwd", function()
    T.load_text([[
      assert(env.HOME == "/home/u" and env.USER == nil and cwd == "/w")
      assert(env.PATH == "a=b")
    ]], nil, { cwd = "/w", env = { HOME = "/home/u", PATH = "a=b", SECRET = "x" } })
  end)

  it("shows directories without slashes too many, and nothing for an empty setting", function()
    T.load_text([[
      assert(env.HOME == "/home/u" and env.TMPDIR == "/t" and env.SHELL == nil)
      assert(env.PATH == "/bin/:/usr/bin/")
    ]], nil, { env = { HOME = "/home//u/", TMPDIR = "/t/.", SHELL = "", PATH = "/bin/:/usr/bin/" } })
    assert.denies(T.load_text("deny.read(env.HOME .. '/x')\ndefault.allow()", nil,
      { env = { HOME = "/" } }), T.call.open "/x")
  end)

  it("says of a variable that is not set what to write", function()
    local problem = policies.problem("\nallow.read(env.HOME .. '/x')", nil, { env = {} })
    assert.truthy(problem:find("^policy.lua:2: attempt to concatenate a nil value"), problem)
    assert.truthy(problem:find('\nHOME is not set; write (env.HOME or "/…")', 1, true), problem)
    local other = policies.problem("local x = { HOME = nil }\nallow.read(x.HOME .. '/x')")
    assert.falsy(other:find("not set", 1, true), other)
    assert.allows(T.load_text("allow.read(env.TMPDIR or '/tmp')", nil, { env = {} }), T.call.open "/tmp")
  end)

  it("does not let wildcards in through cwd and env", function()
    assert.truthy(policies.problem("allow.read(cwd)", nil, { cwd = "/w/*" })
      :find("policy.lua:1: the current directory's name contains '*' or '?'", 1, true))
    assert.truthy(policies.problem("allow.read(env.HOME)", nil, { env = { HOME = "/h?" } })
      :find("env.HOME contains '*' or '?'", 1, true))
    T.load_text("allow.read '/x'", nil, { cwd = "/w/*" })
  end)

  it("shows iteration nothing of what is behind the views", function()
    T.load_text([[
      for _, view in ipairs { string, table, math, utf8, allow, deny, env, args, on, default } do
        assert(next(view) == nil)
        for _ in pairs(view) do error("visible") end
      end
    ]])
  end)
end)

describe("metatables", function()
  it("are out of reach, the one of strings, too", function()
    for _, word in ipairs { "'x'", "allow", "env", "string" } do
      assert.truthy(policies.problem("local x = getmetatable(" .. word .. ")")
        :find("'getmetatable' is not there", 1, true))
    end
  end)

  it("cannot be made, so __gc, __tostring and __close cannot either", function()
    assert.truthy(policies.problem("setmetatable({}, { __gc = function() while true do end end })")
      :find("'setmetatable' is not there", 1, true))
    assert.truthy(policies.problem("local x <close> = { __close = function() end }")
      :find("policy.lua:1:", 1, true))
  end)
end)

describe("an error object", function()
  it("that is not a text is described, never converted", function()
    local answer = policies.answer("error({ __tostring = function() while true do end end })")
    assert.equal("failure", answer.source)
    assert.truthy(answer.why:find("the error is a table, not a text", 1, true))
    for _, value in ipairs { "nil", "true", "print", "allow()", "call", "allow", "{}" } do
      answer = policies.answer("error(" .. value .. ")")
      assert.equal("failure", answer.source)
      assert.truthy(answer.why:find(", not a text", 1, true), answer.why)
    end
    assert.truthy(policies.answer("error(42)").why:find("42", 1, true))
  end)

  it("is described when loading fails, too", function()
    assert.equal("policy.lua: the policy raised a table, not a text; write error(\"what is wrong\")",
      policies.problem("error({})"))
    assert.truthy(policies.problem("error()"):find("raised a nil", 1, true))
  end)

  it("may be long, may have zeros", function()
    local answer = policies.answer("error(('x'):rep(1000000))")
    assert.equal("failure", answer.source)
    assert.truthy(#answer.why < 256)
    assert.equal("failure", policies.answer("error('a\\0b')").source)
  end)
end)

describe("the text of a policy", function()
  it("is never bytecode", function()
    local bytecode = string.dump(load("return 1"))
    assert.truthy(policies.problem(bytecode):find("binary chunk", 1, true))
    assert.truthy(policies.problem("#!x\n" .. bytecode):find("policy.lua:", 1, true))
  end)

  it("may start with #!", function()
    T.load_text("#!/usr/bin/env -S moongate run -p\nallow.read '/x'")
    assert.truthy(policies.problem("#!x\nlocal x = alow"):find("policy.lua:2:", 1, true))
  end)

  it("has syntax errors with their line", function()
    assert.equal("policy.lua:2: syntax error near 'y'", policies.problem("allow.read '/x'\nx y"))
  end)
end)

describe("print", function()
  it("goes to the log", function()
    local policy = T.load_text("print('loading', 1)\nfunction on.open() print('asked', nil, 2.5) end")
    assert.equal("loading\t1\n", policy:log())
    policy:decide { op = "open", path = "/x" }
    assert.equal("asked\tnil\t2.5\n", policy:log())
  end)

  it("is bounded", function()
    local _, policy = policies.answer("for i = 1, 20000 do print(('x'):rep(10000)) end")
    local log = policy:log()
    assert.truthy(#log < 100000)
    assert.truthy(log:find("more messages of the policy were dropped", 1, true))
  end)
end)
