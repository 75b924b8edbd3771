-- The module that other specs are written with.
local T = require "moongate.testing"

local p = T.load_text [[
allow.read { "/usr/**" }
deny.read { "/usr/secret", errno = "ENOENT", why = "keys" }
function on.exec(call) return deny("EPERM", "never") end
function on.mkdir(call) error("oops") end
]]

local function failure_of(run)
  local ok, problem = pcall(run)
  assert.falsy(ok)
  return type(problem) == "table" and tostring(problem.message or problem) or tostring(problem)
end

local function assert_contains(text, ...)
  for _, part in ipairs { ... } do
    assert.truthy(text:find(part, 1, true), text)
  end
end

describe("assert.allows and assert.denies", function()
  it("pass", function()
    assert.allows(p, T.call.open "/usr/x")
    assert.denies(p, T.call.open "/usr/secret")
    assert.denies(p, T.call.open "/usr/secret", "ENOENT")
    assert.denies(p, T.call.exec "/usr/bin/x", "EPERM")
    assert.is_not.allows(p, T.call.open "/etc")
    assert.is_not.denies(p, T.call.open "/usr")
  end)

  it("fail with the decision, the rule, its place and why", function()
    assert_contains(failure_of(function()
      assert.allows(p, T.call.open "/usr/secret")
    end), "open /usr/secret", "answered: deny ENOENT",
      'policy.lua:2  deny.read "/usr/secret"', "why: keys",
      'would be allowed by: allow.read "/usr/secret"')
    assert_contains(failure_of(function()
      assert.denies(p, T.call.open "/usr/x")
    end), "answered: allow", 'policy.lua:1  allow.read "/usr/**"')
    assert_contains(failure_of(function()
      assert.denies(p, T.call.exec "/x", "ENOENT")
    end), "answered: deny EPERM", "expected errno: ENOENT", "policy.lua:3  handler")
    assert_contains(failure_of(function()
      assert.allows(p, T.call.open "/etc/x")
    end), "the implied default: no rule names it", 'allow.read "/etc/x"')
  end)

  it("do not take a failing handler for a refusal", function()
    assert_contains(failure_of(function()
      assert.denies(p, T.call.mkdir "/x")
    end), "the handler failed: policy.lua:4: oops")
  end)

  it("want a policy first", function()
    assert_contains(failure_of(function()
      assert.allows(T.call.open "/x", p)
    end), "the first argument is a policy")
  end)
end)

describe("a misspelt word fails the spec:", function()
  for name, row in pairs {
    ["a field"] = { function() T.call.open { path = "/x", flgas = "O_RDWR" } end,
      "has no field 'flgas' (did you mean 'flags'?)" },
    ["a field of decide"] = { function() p:decide { op = "open", pth = "/x" } end,
      "has no field 'pth' (did you mean 'path'?)" },
    ["an operation"] = { function() T.call.opne "/x" end, "T.call.opne (did you mean 'open'?)" },
    ["an op"] = { function() p:decide { op = "opne", path = "/x" } end,
      "unknown operation 'opne' (did you mean 'open'?)" },
    ["a flag"] = { function() p:decide { op = "open", path = "/x", flags = "O_CREATE" } end,
      "unknown flag 'O_CREATE' (did you mean 'O_CREAT'?)" },
    ["an access"] = { function() p:decide { op = "open", path = "/x", access = "raed" } end,
      "unknown access 'raed' (did you mean 'read'?)" },
    ["a relative path"] = { function() p:decide { op = "open", path = "x" } end,
      "needs an absolute path" },
    ["an option"] = { function() T.load_text("", {}, { cdw = "/" }) end,
      "has no field 'cdw' (did you mean 'cwd'?)" },
    ["a policy"] = { function() T.load_text("alow.read '/x'") end,
      "policy.lua:1: unknown name 'alow' (did you mean 'allow'?)" },
    ["a call that is none"] = { function() p:decide("/x") end, "a call is a table" },
  } do
    it(name, function()
      assert_contains(failure_of(row[1]), row[2])
    end)
  end
end)

describe("what a call needs", function()
  local function access(call)
    local policy = T.load_text("function on." .. call.op .. "(call) print(call.access) end")
    policy:decide(call)
    return policy:log():gsub("\n", "")
  end

  for _, row in ipairs {
    { T.call.open "/x", "read" },
    { T.call.open { path = "/x", flags = "O_WRONLY" }, "modify" },
    { T.call.open { path = "/x", flags = "O_RDWR" }, "read,modify" },
    { T.call.open { path = "/x", flags = "O_RDONLY|O_TRUNC" }, "read,modify" },
    { T.call.open { path = "/x", flags = "O_WRONLY|O_CREAT" }, "modify" },
    { T.call.open { path = "/x", flags = "O_WRONLY|O_CREAT", missing = true }, "create,modify" },
    { T.call.open { path = "/x", access = "write" }, "modify" },
    { T.call.open { path = "/x", access = "read, create" }, "read,create" },
    { T.call.mkdir "/x", "create" },
    { T.call.exec "/x", "exec" },
  } do
    it(("is %s for %s %s"):format(row[2], row[1].op, row[1].flags or row[1].access or ""), function()
      assert.equal(row[2], (access(row[1])))
    end)
  end
end)

describe("coverage", function()
  it("comes from the hits of rules", function()
    local policy = T.load_text "allow.read '/a'\nallow.read '/b'"
    policy:decide(T.call.open "/a")
    policy:decide(T.call.open "/a")
    assert.same({ 2, 0 }, { policy:rules()[1].hits, policy:rules()[2].hits })
  end)
end)
