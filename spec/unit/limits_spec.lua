-- Every limit of a policy, attacked. What counts: the attack ends soon, the answer is a refusal
-- whose source is the failure, and the next call is judged as if nothing had happened.
local T = require "moongate.testing"
local policies = require "policies"

local SHORT = { decision_ms = 20, load_ms = 200, memory = 8 * 1024 * 1024, steps = 100000 }
local SMALL = { decision_ms = 2000, load_ms = 2000, memory = 4 * 1024 * 1024, steps = 100000 }

-- Uses up time of the processor, not of the wall: specs may run beside each other.
local function seconds(run)
  local start = os.clock()
  run()
  return os.clock() - start
end

local function attack(body, expected, limits)
  local policy = T.load_text("local kept = {}\nfunction on.open(call)\n"
    .. "if call.path == '/harmless' then return allow() end\n" .. body .. "\nend",
    nil, { limits = limits or SHORT })
  local answer
  local used = seconds(function()
    answer = policy:decide { op = "open", path = "/attack" }
  end)
  assert.equal("deny", answer.verdict)
  assert.equal("failure", answer.source)
  assert.equal("EACCES", answer.errno)
  assert.truthy(answer.why:find(expected, 1, true), answer.why)
  assert.truthy(policy:log():find(expected, 1, true))
  assert.truthy(used < 1, "took " .. used .. " s")
  return policy
end

local function attack_and_go_on(body, expected, limits)
  local policy = attack(body, expected, limits)
  local answer = policy:decide { op = "open", path = "/harmless" }
  assert.equal("allow", answer.verdict, answer.why)
  assert.equal("", policy:log())
end

local TIME = "it took too long"
local MEMORY = "it needs too much memory"
local STEPS = "pattern too expensive"

describe("the deadline", function()
  local attacks = {
    ["an endless loop"] = "while true do end",
    ["an endless loop inside pcall"] = "while true do pcall(function() while true do end end) end",
    ["a loop of pcalls of errors"] = "while true do pcall(error, 'x') end",
    ["nested pcalls"] = [[
      local function deeper(n)
        while true do
          if n > 0 then pcall(deeper, n - 1) end
        end
      end
      deeper(20)]],
    ["a loop in a comparator"] = "table.sort({ 3, 2, 1 }, function() while true do end end)",
    ["a loop in a comparator inside pcall"] = [[
      while true do
        pcall(table.sort, { 3, 2, 1 }, function() while true do end end)
      end]],
    ["pcalls in a loop in a comparator"] = [[
      table.sort({ 3, 2, 1 }, function()
        while true do pcall(function() while true do end end) end
      end)]],
    ["a loop in gsub's function"] = "('x'):gsub('x', function() while true do end end)",
    ["a loop in gsub's function inside pcall"] = [[
      while true do
        pcall(string.gsub, 'x', 'x', function() while true do end end)
      end]],
    ["a loop in an iterator"] = "for _ in function() return 1 end do end",
    ["a counting loop"] = "for i = 1, math.huge do end",
    ["goto"] = "::again:: goto again",
    ["recursion that never gets deep"] = "local function f() return f() end f()",
    ["many big sorts"] = [[
      local list = {}
      for i = 1, 50000 do list[i] = -i end
      while true do table.sort(list) table.sort(list, function(a, b) return a > b end) end]],
  }
  for name, body in pairs(attacks) do
    it("ends " .. name, function()
      attack_and_go_on(body, TIME)
    end)
  end

  it("names the line where the time went", function()
    local policy = attack("local x = 1\nwhile true do x = x + 1 end", "policy.lua:5: it took")
    assert.equal("allow", policy:decide { op = "open", path = "/harmless" }.verdict)
  end)

  it("ends loading, too", function()
    local problem
    local used = seconds(function()
      problem = policies.problem("while true do pcall(function() while true do end end) end", nil,
        { limits = SHORT })
    end)
    assert.truthy(problem:find("policy.lua:1: it took too long", 1, true), problem)
    assert.truthy(used < 1)
  end)

  it("ends loading in a place that cannot yield", function()
    local problem = policies.problem(
      "table.sort({ 2, 1 }, function() while true do pcall(error) end end)", nil,
      { limits = SHORT })
    assert.truthy(problem:find("policy.lua:1: it took too long", 1, true), problem)
  end)
end)

describe("the memory limit", function()
  local attacks = {
    ["a growing table"] = "local t = {} for i = 1, math.huge do t[i] = { i } end",
    ["a growing string"] = "local s = 'x' while true do s = s .. s end",
    ["a memory bomb inside pcall"] = [[
      while true do
        pcall(function() local s = 'x' while true do s = s .. s end end)
      end]],
    ["a memory bomb caught once, then allowed"] = [[
      pcall(function() local s = 'x' while true do s = s .. s end end)
      return allow()]],
    ["table.concat of one long string, many times"] = [[
      local s, t = ('x'):rep(1000), {}
      for i = 1, 90000 do t[i] = s end
      table.concat(t)]],
    ["a growing error message"] = "local s = 'x' while true do s = s .. s:upper() .. s end",
  }
  for name, body in pairs(attacks) do
    it("ends " .. name, function()
      attack_and_go_on(body, MEMORY, SMALL)
    end)
  end

  -- Collecting garbage for every few bytes could go on long after the deadline.
  it("refuses for ever, and soon, when the state has grown to the limit", function()
    local policy = T.load_text([[
      local kept = {}
      function on.open(call)
        for i = 1, math.huge do kept[#kept + 1] = call.path .. i end
      end]])
    policy:decide { op = "open", path = "/x" }
    for _ = 1, 20 do
      local used = seconds(function()
        assert.equal("failure", policy:decide { op = "open", path = "/x" }.source)
      end)
      assert.truthy(used < 0.5, "took " .. used .. " s")
    end
  end)

  it("lets state grow that stays small", function()
    local policy = T.load_text([[
      local seen = {}
      function on.open(call)
        seen[call.path] = (seen[call.path] or 0) + 1
        if seen[call.path] > 2 then return deny("EBUSY", "often enough") end
        return allow()
      end]], nil, { limits = SHORT })
    assert.allows(policy, T.call.open "/x")
    assert.allows(policy, T.call.open "/x")
    assert.denies(policy, T.call.open "/x", "EBUSY")
    assert.allows(policy, T.call.open "/y")
  end)

  it("bounds state that grows a little with every call", function()
    local policy = T.load_text([[
      local log = {}
      function on.open(call)
        log[#log + 1] = ("x"):rep(50000) .. #log
        return allow()
      end]], nil, { limits = SMALL })
    local refused = false
    for _ = 1, 400 do
      local answer = policy:decide { op = "open", path = "/x" }
      refused = refused or answer.source == "failure" and answer.why:find(MEMORY, 1, true) ~= nil
    end
    assert.truthy(refused)
  end)

  it("holds while loading", function()
    local problem = policies.problem("local s = 'x' while true do s = s .. s end", nil,
      { limits = SMALL })
    assert.truthy(problem:find("memory", 1, true), problem)
  end)
end)

describe("single calls into C", function()
  local attacks = {
    ["string.rep of a lot"] = { "('x'):rep(1e9)", "" },
    ["string.rep of nothing, very often"] = { "for _ = 1, 1e9 do (''):rep(1e15) end", TIME },
    ["string.rep with a separator"] = { "(''):rep(1e9, 'x')", "" },
    ["table.move of a billion"] = { "table.move({}, 1, 1e9, 1)", "too many elements" },
    ["table.move across the integers"] = {
      "table.move({}, math.mininteger, math.maxinteger, 1)", "too many elements" },
    ["table.concat of a billion"] = { "table.concat({}, '', 1, 1e9)", "too many elements" },
    ["table.unpack of a million"] = { "table.unpack({}, 1, 1e6)", "too many elements" },
    ["table.insert into a proxy"] = { "table.insert(allow, 1)", "a plain table is wanted" },
    ["table.sort of a proxy"] = { "table.sort(env)", "a plain table is wanted" },
    ["recursion through pcall"] = {
      "local function f() return pcall(f) or error('deep', 0) end f() error('end', 0)", "" },
    ["recursion through gsub"] = {
      "local function f() return ('x'):gsub('x', f) end f()", "" },
  }
  for name, row in pairs(attacks) do
    it("end: " .. name, function()
      attack_and_go_on(row[1], row[2], row[2] ~= TIME and SMALL or nil)
    end)
  end
end)

describe("deep recursion", function()
  it("ends", function()
    local answer, policy = policies.answer("local function f() return 1 + f() end f()", nil,
      { limits = { decision_ms = 2000 } })
    assert.equal("failure", answer.source)
    assert.truthy(answer.why:find("stack overflow", 1, true)
      or answer.why:find(MEMORY, 1, true), answer.why)
    assert.truthy(#policy:log() < 4096)
  end)
end)

describe("the budget of string patterns", function()
  -- A path comes from the target, so a slow pattern is the target's weapon.
  local path = "/" .. ("a"):rep(4094)
  local patterns = {
    '.-.-.-.-b$', 'a*a*a*a*a*b', '(.-)(.-)(.-)(.-)b', '[^b]*[^b]*[^b]*b',
  }
  for _, pattern in ipairs(patterns) do
    it("ends " .. pattern .. " on a path of 4095 bytes", function()
      local policy = T.load_text("function on.open(call)\n"
        .. "if call.path:find('" .. pattern .. "') then return deny() end return allow()\nend")
      local answer
      local used = seconds(function()
        answer = policy:decide { op = "open", path = path }
      end)
      assert.equal("failure", answer.source)
      assert.truthy(answer.why:find(STEPS, 1, true), answer.why)
      assert.truthy(used < 0.5, "took " .. used .. " s")
      assert.allows(policy, T.call.open "/x")
    end)
  end

  it("is not to be caught by pcall", function()
    local policy = T.load_text([[
      function on.open(call)
        pcall(string.find, call.path, ".-.-.-.-b$")
        return allow()
      end]])
    assert.equal("failure", policy:decide { op = "open", path = path }.source)
  end)

  it("is enough for ordinary patterns on long paths", function()
    local policy = T.load_text([[
      function on.open(call)
        for _ = 1, 20 do
          if call.path:match("^/a+$") and call.path:gsub("a", "b") then
            return allow()
          end
        end
      end]])
    assert.allows(policy, T.call.open(path))
  end)
end)

describe("failures", function()
  it("of all kinds in turn leave a policy that works", function()
    local policy = T.load_text([[
      function on.open(call)
        if call.path == "/loop" then while true do end end
        if call.path == "/error" then error("x") end
        if call.path == "/memory" then local s = "x" while true do s = s .. s end end
        if call.path == "/sort" then table.sort({ 2, 1 }, function() while true do end end) end
        return allow()
      end]], nil, { limits = SHORT })
    for _ = 1, 3 do
      for _, path in ipairs { "/loop", "/error", "/memory", "/sort" } do
        assert.equal("failure", policy:decide { op = "open", path = path }.source)
        assert.allows(policy, T.call.open "/x")
      end
    end
  end)

  it("name the handler and show how it got there", function()
    local policy = T.load_text("local function inner(call)\n  return call.pth\nend\n"
      .. "function on.open(call)\n  local x = inner(call)\n  return x\nend")
    policy:decide { op = "open", path = "/x" }
    local log = policy:log()
    assert.truthy(log:find("policy.lua:4: handler on.open failed", 1, true), log)
    assert.truthy(log:find("policy.lua:2: call has no field 'pth' (did you mean 'path'?)", 1, true))
    assert.truthy(log:find("policy.lua:5: in function", 1, true), log)
  end)
end)
