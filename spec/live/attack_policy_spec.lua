local live = require "live"
local attack = require "attack"

-- A target may choose what a policy's code works on; whatever that does, nothing is let through.
describe("a policy that fails", function()
  after_each(live.cleanup)

  --- Handlers get "BODY" for what concerns the ground; the rest is nobody's business.
  local function run(who, body, command, more)
    local root = live.directory()
    attack.shell(("cd %s && echo %s >data && chmod 666 data && mkdir -m 777 d")
      :format(root, attack.secret), who)
    local text = ([[
allow.read "/**"
allow.write { "/**" }
allow.exec "/**"
MORE
local function judge(call)
  if call.path:sub(1, #"ROOT") == "ROOT" then
    BODY
  end
end
on.open = judge
on.mkdir = judge
]]):gsub("BODY", function() return body end):gsub("MORE", function() return more or "" end)
      :gsub("ROOT", root)
    local started = os.time()
    local result = live.run {
      as = who, policy = text, cwd = root, timeout = 15, command = command or { "sh", "-c",
        ("%s 0 data; %s -w 0x241 data new; %s -m 0755 made; %s 0 /etc/hostname >/dev/null && echo served")
          :gsub("%%s", live.program("attack_open")) },
    }
    return result, root, os.time() - started
  end

  local failures = {
    { "throws", 'error("no")' },
    { "throws an object", "error({})" },
    { "throws nil", "error(nil)" },
    { "throws an object with a hostile __tostring",
      "error(setmetatable({}, { __tostring = function() while true do end end }))" },
    { "throws an object whose __name and __index misbehave",
      'error(setmetatable({}, { __name = ("x"):rep(100000), __index = function() error("again") end }))' },
    { "never ends", "while true do end" },
    { "never ends inside pcall", "while true do pcall(function() while true do end end) end" },
    { "never ends inside a metamethod",
      "local t = setmetatable({}, { __index = function(t, k) return t[k + 1] end }); return t[1]" },
    { "recurses", "local function f(n) return 1 + f(n + 1) end; return f(1)" },
    { "sorts with an endless comparison", "table.sort({ 3, 2, 1 }, function() while true do end end)" },
    { "fills the memory with tables", "local t = {}; while true do t[#t + 1] = {} end" },
    { "fills the memory with a string", 'local s = "x"; while true do s = s .. s end' },
    { "repeats a string", 'return ("x"):rep(1 << 30)' },
    { "repeats a string again and again", 'while true do local s = ("x"):rep(1 << 24) end' },
    { "formats wide", 'while true do local s = ("%99d"):format(1) end' },
    { "fills the memory inside pcall",
      'while true do pcall(function() local s = ("x"):rep(1 << 29) end) end' },
    { "concatenates a table of itself", 'local t = {}; for i = 1, 1e8 do t[i] = "x" end; return t' },
    { "misspells a field", "return call.pth" },
    { "misspells a verdict", 'return alow()' },
    { "misspells an errno", 'return deny("EACESS")' },
    { "answers true", "return true" },
    { "answers false", "return false" },
    { "answers a number", "return 0" },
    { "answers a string", 'return "allow"' },
    { "answers a table", "return { kind = 0, allow = true }" },
    { "answers a function", "return allow" },
    { "answers the call", "return call" },
    { "answers several things", 'return "x", allow()' },
    { "allows with arguments", 'return allow("/etc")' },
    { "redirects nowhere", "return redirect(nil)" },
    { "redirects to a relative path", 'return redirect("data")' },
    { "redirects to a path with a zero byte", 'return redirect("ROOT/data\\0x")' },
    { "pretends a string", 'return value("x")' },
    { "pretends a negative number", "return value(-1)" },
    { "pretends an enormous number", "return value(1 << 62)" },
    { "assigns a global", "leak = 1" },
    { "changes the environment", "string.sub = nil" },
    { "changes the strings' metatable", 'getmetatable("").__index = nil' },
    { "asks for what it may not have", 'return io.open("/etc/passwd")' },
    { "loads code", 'return load("return 1")()' },
    { "loads binary code", 'return load("\\27Lua")()' },
    { "collects garbage", "collectgarbage()" },
    { "uses a finalizer", "setmetatable({}, { __gc = function() while true do end end }); return 1" },
    { "writes to the call", 'call.path = "/"' },
  }

  for _, failure in ipairs(failures) do
    attack.alternate(it, "a handler that " .. failure[1], function(who)
      local result, root, seconds = run(who, failure[2])
      assert.equal("EACCES\nEACCES\nEACCES\nEACCES\nserved\n", result.out, result.err)
      assert.equal(0, result.status)
      assert.equal(attack.secret .. "\n", live.read_file(root .. "/data"))
      assert.equal("", attack.shell(("cd %s && ls new made 2>/dev/null; true"):format(root)))
      assert.is_true(seconds < 10, "it took " .. seconds .. " s")
      assert.is_truthy(result.err:find("policy.lua:%d+"), "it says where: " .. result.err)
    end)
  end

  -- Patterns on a subject that the target wrote.
  local patterns = {
    'call.given:find(("a*"):rep(30) .. "b")', 'call.given:find(("a?"):rep(60) .. ("a"):rep(60) .. "b")',
    'call.given:find("(.-)(.-)(.-)(.-)(.-)(.-)(.-)(.-)b$")', 'call.given:gsub(".-.-.-.-.-.-.-b", "")',
    'call.given:match("%f[a]" .. (".-"):rep(20) .. "b")', 'call.given:find("%b()" .. (".-%b()"):rep(20))',
    'call.given:find((".*"):rep(20) .. "b")',
    'for word in call.given:gmatch(("a-"):rep(20) .. "b") do end',
  }
  local subjects = { ("a"):rep(250), ("("):rep(250) }
  for _, letter in ipairs { "a", "(", "()" } do
    -- 4,095 bytes with the zero byte, in names as long as they may be
    subjects[#subjects + 1] = ((letter):rep(256 // #letter - 1) .. "/"):rep(20):sub(1, 4094)
  end
  for i, pattern in ipairs(patterns) do
    attack.alternate(it, "an exponential pattern on the longest path, number " .. i, function(who)
      local result, _, seconds = run(who, pattern:find("^for") and pattern or "local _ = " .. pattern,
        { "sh", "-c", live.program("attack_open") .. ' 0 "$@"; ' .. live.program("attack_open") ..
          " 0 /etc/hostname >/dev/null && echo served", "sh", table.unpack(subjects) })
      assert.is_nil(result.out:find("=", 1, true), result.out)
      assert.is_truthy(result.out:find("served\n$"), result.out .. result.err)
      assert.is_true(seconds < 5, "it took " .. seconds .. " s")
    end)
  end

  attack.each(it, "a flood of failures from eight processes ends, and others are served", function(who)
    local result, _, seconds = run(who, "while true do end", { "sh", "-c", ([[
      for i in 1 2 3 4 5 6 7 8; do PROGRAM 0 data data data & done; wait
      PROGRAM 0 /etc/hostname >/dev/null && echo served]]):gsub("PROGRAM", live.program("attack_open")) })
    assert.equal(("EACCES\n"):rep(24) .. "served\n", result.out, result.err)
    assert.is_true(seconds < 10, "it took " .. seconds .. " s")
  end)

  attack.each(it, "memory that a policy keeps for every path is bounded", function(who)
    local result = run(who, [[seen[#seen + 1] = call.path .. ("x"):rep(65536); return deny("EPERM")]],
      { "sh", "-c", live.program("attack_open") .. " 0 $(seq 1 2000) | sort | uniq -c" },
      "local seen = {}")
    assert.is_nil(result.out:find("=", 1, true), result.out)
    assert.is_truthy(result.out:find("EACCES"), "no limit was met")
    assert.equal(0, result.status)
  end)

  attack.each(it, "a call object kept after its answer is dead", function(who)
    local result = run(who, [[
      if kept[1] then local _ = kept[1].path; return allow() end
      kept[1] = call
      return deny("EPERM")]], { live.program("attack_open"), "0", "data", "data" }, "local kept = {}")
    assert.equal("EPERM\nEACCES\n", result.out, result.err)
  end)

  attack.each(it, "numbers keep all their bits", function(who)
    local result = run(who, [[
      if call.mode == 4095 and math.type(call.mode) == "integer" and math.type(call.pid) == "integer" then
        return deny("EXDEV") end
      return deny("EPERM")]], { live.program("attack_open"), "-m", "0xffffffffffffffff", "made" })
    -- The mode is 16 bits wide and cut to what a mode can be.
    assert.is_truthy(({ ["EXDEV\n"] = 1, ["EPERM\n"] = 1 })[result.out], result.out .. result.err)
  end)

  local unloadable = {
    { "does not parse", "allow.read {" }, { "throws", 'error("no")' }, { "never ends", "while true do end" },
    { "fills the memory", 'local t = {} while true do t[#t + 1] = ("x"):rep(1000) end' },
    { "misspells a right", 'allow.raed "/**"' }, { "misspells an operation", "function on.opne() end" },
    { "is binary", "\27Lua" }, { "uses what is not there", 'use "no/such/piece"' },
    { "opens what cannot be opened", 'allow.syscall "@io-uring"' },
    { "names an unknown call", 'allow.syscall "opne"' },
    { "has a relative pattern", 'allow.read "etc/**"' },
  }
  for _, failure in ipairs(unloadable) do
    attack.alternate(it, "nothing runs under a policy that " .. failure[1], function(who)
      local root = live.directory()
      live.write_file(root .. "/policy.lua", 'allow.exec "/**"\nallow.read "/**"\n' .. failure[2] .. "\n")
      local result = live.run { as = who, timeout = 10, command = {
        live.binary, "run", "-p", root .. "/policy.lua", "--", "/bin/echo", "ran" } }
      assert.equal(125, result.status, result.err)
      assert.equal("", result.out)
      assert.is_truthy(result.err:find("moongate:", 1, true))
    end)
  end

  attack.each(it, "nothing runs without a policy, an engine or a command", function(who)
    for _, words in ipairs { "run -- echo ran", "run -p /none.lua -- echo ran", "run -p none -- echo ran",
      "run -p /dev/null/x -- echo ran", "run echo ran", "run -p / -- echo ran" } do
      local result = live.run { as = who, env = { HOME = "/" }, command = live.binary .. " " .. words }
      assert.equal(125, result.status, words)
      assert.equal("", result.out)
    end
  end)

  attack.each(it, "an empty policy allows nothing, not even the command", function(who)
    local root = live.directory()
    live.write_file(root .. "/policy.lua", "")
    local result = live.run { as = who, command = {
      live.binary, "run", "-p", root .. "/policy.lua", "--", "/bin/echo", "ran" } }
    assert.equal(126, result.status, result.err)
    assert.equal("", result.out)
  end)
end)
