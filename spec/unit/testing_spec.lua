-- The module that other specs are written with.
local T = require "moongate.testing"
local policies = require "policies"

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
      'policy.lua:2  deny.read "/usr/secret"', "why: keys")
    assert_contains(failure_of(function()
      assert.denies(p, T.call.open "/usr/x")
    end), "answered: allow", 'policy.lua:1  allow.read "/usr/**"')
    assert_contains(failure_of(function()
      assert.denies(p, T.call.exec "/x", "ENOENT")
    end), "answered: deny EPERM", "expected errno: ENOENT", "policy.lua:3  handler")
    assert_contains(failure_of(function()
      assert.allows(p, T.call.open "/etc/x")
    end), "the implied default: no rule names it", 'would be allowed by: allow.read "/etc/x"')
  end)

  it("promise no rule where none would help", function()
    for _, call in ipairs { T.call.open "/usr/secret", T.call.exec "/x", T.call.mkdir "/x" } do
      local text = failure_of(function() assert.allows(p, call) end)
      assert.falsy(text:find("would be allowed", 1, true), text)
    end
  end)

  it("know the errnos", function()
    assert_contains(failure_of(function()
      assert.denies(p, T.call.open "/usr/secret", "ENONET ")
    end), "unknown errno 'ENONET ' (did you mean 'ENONET'?)")
    assert_contains(failure_of(function() assert.is_not.denies(p, T.call.open "/usr/x", "EROSF") end),
      "unknown errno 'EROSF' (did you mean 'EROFS'?)")
    assert.denies(T.load_text "default.deny 'EAGAIN'", T.call.open "/x", "EWOULDBLOCK")
  end)

  it("blame the line of the spec", function()
    local line = debug.getinfo(1, "l").currentline
    for offset, run in ipairs {
      function() assert.denies(p, T.call.open { path = "x" }) end,
      function() assert.denies(p, T.call.open "/x", "EROSF") end,
      function() p:decide { op = "open", path = "/x", flags = "O_CREATE" } end,
      function() local _ = T.call.opne end,
      function() T.load_text("alow.read '/x'") end,
    } do
      assert.truthy(failure_of(run):find(("testing_spec.lua:%d: "):format(line + offset + 1), 1, true),
        failure_of(run))
    end
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
    ["a field of another operation"] = { function() T.call.mkdir { path = "/x", newpath = "/y" } end,
      "T.call.mkdir has no field 'newpath'" },
    ["a field of a rename"] = { function() T.call.rename { path = "/x", newpth = "/y" } end,
      "has no field 'newpth' (did you mean 'newpath'?)" },
    ["a rename to nowhere"] = { function() p:decide(T.call.rename "/x") end,
      "needs an absolute newpath" },
    ["a link to a relative path"] = { function() p:decide(T.call.link("/x", "y")) end,
      "needs an absolute newpath" },
    ["a second path for a call with one"] = { function() T.call.remove("/x", "/y") end,
      "T.call.remove takes one path" },
    ["a flag of another operation"] = {
      function() p:decide { op = "rename", path = "/x", newpath = "/y", flags = "RENAME_NOREPLCE" } end,
      "unknown flag 'RENAME_NOREPLCE' (did you mean 'RENAME_NOREPLACE'?)" },
    ["new rights"] = {
      function() p:decide { op = "link", path = "/x", newpath = "/y", new_rights = "craete" } end,
      "unknown access 'craete' (did you mean 'create'?)" },
    ["times"] = { function() p:decide { op = "utime", path = "/x", times = { actime = 1 } } end,
      "times has no field 'actime' (did you mean 'atime'?)" },
    ["a time"] = { function() p:decide { op = "utime", path = "/x", times = { atime = "x" } } end,
      "times.atime is a number of seconds or \"now\"" },
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
    { T.call.mknod "/x", "create" },
    { T.call.symlink("/x", "y"), "create" },
    { T.call.remove "/x", "delete" },
    { T.call.rename("/x", "/y"), "delete" },
    { T.call.rename { path = "/x", newpath = "/y", exchanges = true }, "create,delete" },
    { T.call.rename { path = "/x", newpath = "/y", flags = "RENAME_EXCHANGE" }, "create,delete" },
    { T.call.link("/x", "/y"), "read,modify" },
    { T.call.chmod "/x", "modify" },
    { T.call.chown "/x", "modify" },
    { T.call.truncate "/x", "modify" },
    { T.call.utime "/x", "modify" },
    { T.call.setxattr("/x", "user.y"), "modify" },
    { T.call.getxattr("/x", "user.y"), "stat" },
    { T.call.stat "/x", "stat" },
    { T.call.access "/x", "stat" },
    { T.call.readlink "/x", "stat" },
    { T.call.chdir "/x", "stat" },
    { T.call.watch "/x", "read" },
  } do
    it(("is %s for %s %s"):format(row[2], row[1].op, row[1].flags or row[1].access or ""), function()
      assert.equal(row[2], (access(row[1])))
    end)
  end
end)

describe("a call of kill", function()
  local signals = T.load_text [[
    function on.kill(call)
      if call.signal == "SIGKILL" then return deny("EPERM", call.syscall .. " " .. call.to) end
      if call.signal == "0" then return call.inside and value(0) or deny("ESRCH") end
      if call.signal == "SIGHUP" then return call:under("/x") and allow() end
      if call.signal == "SIGINT" then return call.path end
    end
  ]]

  it("has a signal, a process, and whether that is inside", function()
    assert.denies(signals, T.call.kill { signal = "SIGKILL", to = -12 }, "EPERM")
    assert.equal("kill -12", signals:decide(T.call.kill { signal = "SIGKILL", to = -12 }).why)
    assert.equal("value", signals:decide(T.call.kill { signal = "0", to = 1, inside = true }).verdict)
    assert.denies(signals, T.call.kill { signal = "0", to = 1, inside = false }, "ESRCH")
  end)

  it("is allowed where no handler says otherwise, whatever the default", function()
    assert.allows(signals, T.call.kill { signal = "SIGRTMIN+2", to = 1 })
    assert.allows(T.load_text "default.deny('EPERM')", T.call.kill { signal = "SIGTERM", to = 1 })
  end)

  it("has no path, and says what is missing or wrong", function()
    assert.truthy(signals:decide(T.call.kill { signal = "SIGHUP", to = 1 }).why
      :find("call:under() is about a path, and a call in on.kill has none", 1, true))
    assert.truthy(signals:decide(T.call.kill { signal = "SIGINT", to = 1 }).why
      :find("call has no field 'path' in on.kill", 1, true))
    assert.truthy(signals:decide(T.call.kill { signal = "0", to = 1 }).why
      :find("call.inside is not known", 1, true))
    for message, call in pairs {
      ["unknown signal 'SIGTREM'"] = function()
        signals:decide(T.call.kill { signal = "SIGTREM", to = 1 })
      end,
      ["write T.call.kill { signal = … }"] = function() T.call.kill "/x" end,
      ["has no field 'path'"] = function() T.call.kill { path = "/x" } end,
    } do
      local ok, problem = pcall(call)
      assert.is_false(ok)
      assert.truthy(problem:find(message, 1, true), problem)
    end
  end)
end)

describe("what a call needs at its new name", function()
  local function wants(call, rights)
    local text = ""
    for _, right in ipairs(rights) do
      text = text .. ("allow.%s '/y'\n"):format(right)
    end
    return assert.allows(T.load_text("allow.read '/x'\nallow.write '/x'\nallow.exec { '/x', '/y' }\n"
      .. "allow.read '/y'\nallow.modify '/y'\n" .. text), call)
  end

  for _, row in ipairs {
    { T.call.rename("/x", "/y"), { "create" } },
    { T.call.rename { path = "/x", newpath = "/y", replaces = true }, { "create", "delete" } },
    { T.call.rename { path = "/x", newpath = "/y", exchanges = true }, { "create", "delete" } },
    { T.call.rename { path = "/x", newpath = "/y", new_rights = "delete" }, { "delete" } },
    { T.call.link("/x", "/y"), { "create" } },
  } do
    it(("is %s for %s"):format(table.concat(row[2], ","), row[1].op), function()
      wants(row[1], row[2])
      for i = 1, #row[2] do
        local less = table.move(row[2], 1, #row[2], 1, {})
        table.remove(less, i)
        assert.has_error(function() wants(row[1], less) end)
      end
    end)
  end
end)

describe("T.call", function()
  it("knows every operation of the language", function()
    for op in pairs(require("moongate.core").operations) do
      local call = T.call[op](policies.call(op))
      local policy = T.load_text("default.deny 'EPERM'\nallow.stat '/z'")
      local free = op == "kill" or op == "map"
      assert.equal(free and "allow" or "deny", policy:decide(call).verdict)
    end
  end)

  it("takes what belongs to an operation behind the path", function()
    assert.same({ op = "rename", path = "/a", newpath = "/b" }, T.call.rename("/a", "/b"))
    assert.same({ op = "link", path = "/a", newpath = "/b" }, T.call.link("/a", "/b"))
    assert.same({ op = "symlink", path = "/a", target = "b" }, T.call.symlink("/a", "b"))
    assert.same({ op = "setxattr", path = "/a", name = "b" }, T.call.setxattr("/a", "b"))
  end)
end)

describe("a policy", function()
  it("tells which variables programs get", function()
    local policy = T.load_text "environment { drop = { 'LD_*' } }"
    assert.is_false(policy:keeps_variable "LD_PRELOAD")
    assert.is_true(policy:keeps_variable "HOME")
  end)
end)

describe("coverage", function()
  it("comes from the hits of rules", function()
    local policy = T.load_text "allow.read '/a'\nallow.read '/b'"
    policy:decide(T.call.open "/a")
    policy:decide(T.call.open "/a")
    assert.same({ 2, 0 }, { policy:rules()[1].hits, policy:rules()[2].hits })
  end)
end)
