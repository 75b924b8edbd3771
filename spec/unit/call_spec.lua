-- The call object, as a handler sees it.
local T = require "moongate.testing"
local policies = require "policies"

-- What the expression comes to inside on.OP; through the log, because a handler returns verdicts.
local function see(expression, call)
  call = call or { op = "open", path = "/x" }
  local policy = T.load_text(("function on.%s(call) print(%s) end"):format(call.op, expression))
  local answer = policy:decide(call)
  assert.not_equal("failure", answer.source, answer.why)
  return (policy:log():gsub("\n$", ""))
end

local function fails(expression, expected, call)
  call = call or { op = "open", path = "/x" }
  local answer = policies.ask(("function on.%s(call) local x = %s end"):format(call.op, expression),
    call)
  assert.equal("failure", answer.source)
  assert.truthy(answer.why:find(expected, 1, true), answer.why)
end

describe("a call", function()
  it("has the fields of the manual pages", function()
    local call = {
      op = "open", path = "/w/x", given = "../x", syscall = "openat2", flags = "O_RDWR|O_CREAT",
      mode = 420, pid = 7, tid = 8, uid = 1000, gid = 100, exe = "/usr/bin/vi", cwd = "/w/y",
      missing = true,
    }
    for field, expected in pairs {
      op = "open", path = "/w/x", given = "../x", syscall = "openat2", mode = "420", pid = "7",
      tid = "8", uid = "1000", gid = "100", exe = "/usr/bin/vi", cwd = "/w/y", missing = "true",
      access = "read,create,modify", flags = "O_RDWR|O_CREAT",
    } do
      assert.equal(expected, see("call." .. field, call))
    end
    assert.equal("open /w/x", see("call", call))
  end)

  it("has the fields of its operation", function()
    for _, row in ipairs {
      { "newpath", T.call.rename("/a", "/b\255"), "/b\255" },
      { "newpath", T.call.link("/a", "/b"), "/b" },
      { "replaces", T.call.rename("/a", "/b"), "false" },
      { "replaces", T.call.rename { path = "/a", newpath = "/b", replaces = true }, "true" },
      { "flags", T.call.rename { path = "/a", newpath = "/b", exchanges = true }, "RENAME_EXCHANGE" },
      { "flags", T.call.rename { path = "/a", newpath = "/b", flags = "RENAME_NOREPLACE" },
        "RENAME_NOREPLACE" },
      { "flags.RENAME_WHITEOUT", T.call.rename("/a", "/b"), "false" },
      { "flags", T.call.link { path = "/a", newpath = "/b", flags = "AT_SYMLINK_FOLLOW" },
        "AT_SYMLINK_FOLLOW" },
      { "flags.AT_REMOVEDIR", T.call.remove { path = "/a", flags = "AT_REMOVEDIR" }, "true" },
      { "flags", T.call.setxattr { path = "/a", flags = "XATTR_CREATE" }, "XATTR_CREATE" },
      { "target", T.call.symlink("/a", "../b"), "../b" },
      { "name", T.call.setxattr("/a", "user.x"), "user.x" },
      { "name", T.call.getxattr("/a", "user.x"), "user.x" },
      { "name", T.call.getxattr "/a", "nil" },
      { "length", T.call.truncate { path = "/a", length = 5000000000 }, "5000000000" },
      { "owner", T.call.chown { path = "/a", owner = 1000 }, "1000" },
      { "group", T.call.chown { path = "/a", owner = 1000 }, "nil" },
      { "mode", T.call.chmod { path = "/a", mode = 493 }, "493" },
      { "mode", T.call.mknod { path = "/a", mode = 4516 }, "4516" },
      { "mode", T.call.access { path = "/a", mode = 4 }, "4" },
      { "times.atime", T.call.utime "/a", "now" },
      { "times.mtime", T.call.utime { path = "/a", times = { mtime = "now" } }, "now" },
      { "times.atime", T.call.utime { path = "/a", times = { mtime = "now" } }, "nil" },
      { "times.atime", T.call.utime { path = "/a", times = { atime = 1.5 } }, "1.5" },
      { "times.atime", T.call.utime { path = "/a", times = { atime = -0.5 } }, "-0.5" },
      { "missing", T.call.symlink { path = "/a", missing = true }, "true" },
      { "missing", T.call.remove "/a", "nil" },
    } do
      assert.equal(row[3], see("call." .. row[1], row[2]))
    end
  end)

  it("has paths of any bytes", function()
    assert.equal("4 /\n\255\1", see("#call.path .. ' ' .. call.path",
      { op = "open", path = "/\n\255\1" }))
  end)

  it("has only the fields of its operation", function()
    fails("call.flags", "call has no field 'flags' in on.mkdir", { op = "mkdir", path = "/x" })
    fails("call.mode", "call has no field 'mode' in on.exec", { op = "exec", path = "/x" })
    fails("call.newpath", "call has no field 'newpath' in on.remove", T.call.remove "/x")
    fails("call.target", "call has no field 'target' in on.link", T.call.link("/x", "/y"))
    fails("call.length", "call has no field 'length' in on.open", T.call.open "/x")
    fails("call.replaces", "call has no field 'replaces' in on.link", T.call.link("/x", "/y"))
    fails("call.flags.O_CREAT", "call.flags has no member 'O_CREAT'", T.call.rename("/x", "/y"))
    fails("call.newpth", "(did you mean 'newpath'?)", T.call.rename("/x", "/y"))
    assert.equal("448", see("call.mode", { op = "mkdir", path = "/x", mode = 448 }))
  end)

  it("has a suggestion for a misspelt field", function()
    fails("call.pth", "policy.lua:1: call has no field 'pth' (did you mean 'path'?)")
    fails("call.match", "call has no field 'match'")
    fails("call.undre", "(did you mean 'under'?)")
    fails("call[1]", "call has no field '1'")
    fails("call[{}]", "call has no field 'table: ")
    fails("call.argv", "call has no field 'argv'")
  end)

  it("does not guess facts that a spec did not give", function()
    for field, example in pairs { uid = "0", gid = "0", exe = '"/usr/bin/make"', cwd = '"/tmp"' } do
      fails("call." .. field, ("call.%s is not known; give it: T.call.open { %s = %s, … }")
        :format(field, field, example))
    end
  end)

  it("does not guess argv and env, either", function()
    for field, example in pairs { argv = '{ "make" }', env = '{ HOME = "/root" }' } do
      fails("call." .. field, ("call.%s is not known; give it: T.call.exec { %s = %s, … }")
        :format(field, field, example), T.call.exec "/x")
    end
  end)

  it("is read-only and closed", function()
    local answer = policies.answer("call.path = '/y'")
    assert.truthy(answer.why:find("a call is read-only", 1, true))
    fails("getmetatable(call)", "'getmetatable' is not there")
    fails("#call", "attempt to get length")
    fails("next(call)", "table expected")
    fails("call .. ''", "attempt to concatenate")
    fails("rawlen(call)", "table or string expected")
  end)
end)

describe("call.flags", function()
  local call = { op = "open", path = "/x", flags = "O_WRONLY|O_TRUNC|O_CLOEXEC" }

  it("has members by name", function()
    for name, expected in pairs {
      O_WRONLY = "true", O_RDONLY = "false", O_RDWR = "false", O_TRUNC = "true",
      O_CLOEXEC = "true", O_CREAT = "false", O_TMPFILE = "false", O_DIRECTORY = "false",
    } do
      assert.equal(expected, see("call.flags." .. name, call))
    end
  end)

  it("knows flags that share bits", function()
    local tmp = { op = "open", path = "/x", flags = "O_TMPFILE|O_RDWR" }
    assert.equal("true", see("call.flags.O_TMPFILE", tmp))
    assert.equal("true", see("call.flags.O_DIRECTORY", tmp))
    local directory = { op = "open", path = "/x", flags = "O_DIRECTORY" }
    assert.equal("false", see("call.flags.O_TMPFILE", directory))
  end)

  it("has a suggestion", function()
    fails("call.flags.O_CREATE", "call.flags has no member 'O_CREATE' (did you mean 'O_CREAT'?)")
    fails("call.flags.creat", "call.flags has no member 'creat'")
  end)

  it("is read-only, and a value that outlives the call", function()
    local answer = policies.answer("call.flags.O_CREAT = true")
    assert.truthy(answer.why:find("call.flags is read-only", 1, true))
    local _, policy = policies.ask([[
      local kept
      function on.open(call)
        if kept then print(kept.O_CREAT, kept) end
        kept = call.flags
      end]], { op = "open", path = "/x", flags = "O_WRONLY|O_CREAT" })
    policy:decide { op = "open", path = "/y" }
    assert.equal("true\tO_WRONLY|O_CREAT\n", policy:log())
  end)
end)

describe("call.access", function()
  it("says what the call needs", function()
    for text, expected in pairs {
      ["read"] = "true false false false false false false",
      ["create"] = "false true true false false false false",
      ["modify"] = "false true false true false false false",
      ["delete"] = "false true false false true false false",
      ["exec"] = "false false false false false true false",
      ["stat"] = "false false false false false false true",
    } do
      assert.equal(expected, see([[table.concat({ tostring(call.access.read),
        tostring(call.access.write), tostring(call.access.create), tostring(call.access.modify),
        tostring(call.access.delete), tostring(call.access.exec),
        tostring(call.access.stat) }, " ")]],
        { op = "open", path = "/x", access = text }))
    end
    fails("call.access.wirte", "call.access has no member 'wirte' (did you mean 'write'?)")
  end)
end)

describe("call:under and call:matches", function()
  local function at(path, expression)
    return see(expression, { op = "open", path = path })
  end

  it("know directories", function()
    assert.equal("true", at("/tmp/x", "call:under('/tmp')"))
    assert.equal("true", at("/tmp", "call:under('/tmp')"))
    assert.equal("false", at("/tmpx", "call:under('/tmp')"))
    assert.equal("true", at("/tmpx", "call:under('/')"))
    assert.equal("false", at("/tmp/x", "call:under('/*')"))
  end)

  it("know patterns", function()
    assert.equal("true", at("/w/a.o", "call:matches('/w/*.o')"))
    assert.equal("false", at("/w/d/a.o", "call:matches('/w/*.o')"))
    assert.equal("true", at("/w/d/a.o", "call:matches('/w/**')"))
  end)

  it("refuse what cannot be meant", function()
    fails("call:under('tmp')", "an absolute path without a closing slash is wanted")
    fails("call:under('/tmp/')", "an absolute path without a closing slash is wanted")
    fails("call:under()", "string expected")
    fails("call.under('/tmp')", "call expected, got string")
    fails("call:matches('*.o')", "is not absolute")
    fails("call:matches('/a**')", "'**' in the wrong place")
    fails("call:matches('/a\\0')", "a pattern without NUL is wanted")
  end)
end)

describe("a call that was kept", function()
  local function keep_and(expression)
    local policy = T.load_text([[
      local kept, method
      function on.open(call)
        if kept then
          local x = ]] .. expression .. [[

          print(x)
        end
        kept, method = call, call.under
        return allow()
      end]])
    assert.allows(policy, T.call.open "/first")
    return policy:decide { op = "open", path = "/second" }, policy
  end

  it("is stale", function()
    for _, expression in ipairs {
      "kept.path", "kept.op", "kept.flags", "kept:under('/')", "kept:matches('/**')",
      "method(kept, '/')",
    } do
      local answer = keep_and(expression)
      assert.equal("failure", answer.source)
      assert.truthy(answer.why:find("this call was answered already", 1, true), answer.why)
    end
  end)

  it("can be shown, and says so", function()
    local answer, policy = keep_and("tostring(kept)")
    assert.equal("allow", answer.verdict)
    assert.equal("call (answered)\n", policy:log())
  end)

  it("is stale after a failure, too", function()
    local _, policy = policies.ask([[
      local kept
      function on.open(call)
        if kept then return allow(), print(pcall(function() return kept.path end)) end
        kept = call
        error("x")
      end]])
    policy:log()
    policy:decide { op = "open", path = "/y" }
    assert.truthy(policy:log():find("false\tpolicy.lua:3: this call was answered already", 1, true))
  end)

  it("is stale after a deadline, too", function()
    local _, policy = policies.ask([[
      local kept
      function on.open(call)
        if kept then return allow(), print(pcall(function() return kept.path end)) end
        kept = call
        while true do end
      end]], nil, { limits = { decision_ms = 10 } })
    policy:log()
    policy:decide { op = "open", path = "/y" }
    assert.truthy(policy:log():find("false\tpolicy.lua:3: this call was answered already", 1, true))
  end)

  it("survives collection while its handler runs", function()
    local _, policy = policies.ask([[
      function on.open(call)
        call = nil
        for i = 1, 20000 do local t = { i } end
        return allow()
      end]])
    assert.allows(policy, T.call.open "/x")
  end)
end)
