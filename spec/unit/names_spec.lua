-- hide, the right to look, and what may get another name: through the language, as a program would ask.
local T = require "moongate.testing"
local policies = require "policies"

local open, stat, rename, link = T.call.open, T.call.stat, T.call.rename, T.call.link

-- A call of every operation about one path; signals are about none, and what is mapped was opened.
local function every_call(path)
  local calls = {}
  for op in pairs(require("moongate.core").operations) do
    if op == "kill" or op == "map" then
      goto next
    elseif op == "rename" or op == "link" then
      calls[#calls + 1] = T.call[op](path, "/w/elsewhere")
      calls[#calls + 1] = T.call[op]("/w/x", path)
    else
      calls[#calls + 1] = T.call[op](path)
    end
    ::next::
  end
  return calls
end

describe("a hidden name", function()
  local p = T.load_text [[
    default.allow()
    hide { "/w/secret", "/w/*.key", except = "/w/secret/public", why = "keys" }
  ]]

  it("is not there, whatever is asked", function()
    for _, path in ipairs { "/w/secret", "/w/secret/x", "/w/a.key", "/w/a.key/below" } do
      for _, call in ipairs(every_call(path)) do
        assert.denies(p, call, "ENOENT")
      end
    end
    assert.equal("keys", p:decide(stat "/w/secret").why)
  end)

  it("is not made either", function()
    assert.denies(p, open { path = "/w/secret", flags = "O_CREAT|O_WRONLY", missing = true }, "ENOENT")
    assert.denies(p, T.call.symlink("/w/secret", "x"), "ENOENT")
    assert.denies(p, rename { path = "/w/x", newpath = "/w/secret", replaces = true }, "ENOENT")
  end)

  it("hides nothing else", function()
    for _, path in ipairs { "/w/secrets", "/w/a.keys", "/w", "/w/secret/public", "/w/secret/public/x" } do
      assert.allows(p, stat(path))
      assert.allows(p, open(path))
    end
  end)

  it("is not overruled, by nothing", function()
    local stubborn = T.load_text [[
      hide "/w/secret"
      allow.read "/w/secret/**"
      allow.stat "/w/secret"
      function on.open(call) return allow() end
    ]]
    assert.denies(stubborn, open "/w/secret/x", "ENOENT")
    assert.denies(stubborn, stat "/w/secret", "ENOENT")
  end)

  it("is shown as it was written", function()
    assert.equal('hide { "/w/secret", "/w/*.key", except = "/w/secret/public" }', p:rules()[1].words)
    assert.equal('hide "/**"', T.load_text("hide '/'"):rules()[1].words)
    assert.equal('hide "/x"', T.load_text("hide '/x/**'"):rules()[1].words)
  end)

  it("does not come to light under another name", function()
    assert.denies(p, rename("/w", "/v"), "EACCES")
    assert.truthy(p:decide(rename("/w", "/v")).why:find("would not be denied any more", 1, true))
    assert.allows(p, rename("/w/x", "/w/y"))
  end)
end)

describe("looking", function()
  local looks = { "stat", "access", "readlink", "getxattr", "chdir" }

  it("is free while no rule speaks of it", function()
    for _, text in ipairs { "", "deny.read '/x'", "default.deny 'EPERM'", "allow.read '/y'" } do
      for _, op in ipairs(looks) do
        assert.allows(T.load_text(text), T.call[op] "/x")
      end
    end
  end)

  it("can be denied", function()
    local p = T.load_text "allow.read '/**'\ndeny.stat { '/x/**', errno = 'EPERM' }"
    for _, op in ipairs(looks) do
      assert.denies(p, T.call[op] "/x/y", "EPERM")
      assert.allows(p, T.call[op] "/y")
    end
    assert.allows(p, open "/x/y")
  end)

  it("is for those who may do something, where a policy grants it", function()
    local p = T.load_text [[
      allow.stat "/s/**"
      allow.read "/r/**"
      allow.create "/c/**"
      allow.exec "/e/**"
    ]]
    for _, op in ipairs(looks) do
      for _, path in ipairs { "/s/x", "/r/x", "/c/x", "/e/x" } do
        assert.allows(p, T.call[op](path))
      end
      assert.denies(p, T.call[op] "/x", "EACCES")
      assert.denies(p, T.call[op] { path = "/x", missing = true }, "ENOENT")
    end
    assert.denies(p, open "/s/x", "EACCES")
    assert.equal('allow.stat "/x"', p:suggest(stat "/x"))
  end)

  it("asks a handler, without any rule", function()
    local p = T.load_text "function on.stat(call) if call:under('/x') then return deny('ENOENT') end end"
    assert.denies(p, stat "/x/y", "ENOENT")
    assert.allows(p, stat "/y")
    assert.allows(p, T.call.access "/x/y")
  end)
end)

describe("an object that gets another name", function()
  local p = T.load_text [[
    allow.read { "/w/**", except = "/w/in/**" }
    allow.write "/w/**"
    allow.exec "/w/bin/**"
    deny.read { "/w/secret", "/w/*/secret", errno = "EPERM" }
    deny.write { "/w/.git/**", except = { "/w/.git/index", "/w/.git/index.lock" } }
  ]]

  it("does not escape a deny rule", function()
    assert.denies(p, rename("/w/secret", "/w/open"), "EPERM")
    assert.denies(p, link("/w/secret", "/w/open"), "EPERM")
    assert.denies(p, rename("/w/d/secret", "/w/d/open"), "EPERM")
    assert.denies(p, rename("/w/d", "/w/d2/e"), "EPERM")
    assert.denies(p, rename { path = "/w/open", newpath = "/w/secret", exchanges = true }, "EPERM")
    assert.equal('deny.read { "/w/secret", "/w/*/secret" }', p:decide(rename("/w/secret", "/w/x")).rule)
  end)

  it("may move as long as the rule goes with it", function()
    assert.allows(p, rename("/w/a", "/w/b"))
    assert.allows(p, rename("/w/a/secret", "/w/b/secret"))
    assert.allows(p, rename("/w/a/x", "/w/b/y"))
    assert.allows(p, rename("/w/.git/index.lock", "/w/.git/index"))
  end)

  it("does not gain a right", function()
    assert.denies(p, rename("/w/in/x", "/w/x"), "EXDEV")
    assert.denies(p, link("/w/in/x", "/w/x"), "EACCES") -- that needs reading, at the old name
    assert.denies(p, rename("/v/x", "/w/x"), "EACCES") -- nobody allows it: no copy helps
    assert.denies(p, rename { path = "/v/x", newpath = "/w/x", missing = true }, "ENOENT")
    assert.denies(p, rename("/w/in/x", "/w/bin/x"), "EXDEV")
    assert.allows(p, rename("/w/d/x", "/w/bin/x")) -- it could be copied there
    assert.allows(p, rename("/w/d/x", "/w/in/x"))
    assert.truthy(p:decide(rename("/w/in/x", "/w/x")).why:find("a copy may be made", 1, true))
  end)

  it("brings nothing to where nothing may be made", function()
    assert.denies(p, rename("/w/x", "/w/.git"), "EACCES")
    local home = T.load_text "allow.read '/h/**'\nallow.write '/h/**'\ndeny.write '/h/.config/run/**'"
    assert.denies(home, rename("/h/x", "/h/.config"), "EACCES")
    assert.denies(home, link("/h/x", "/h/.config"), "EACCES")
    assert.denies(home, T.call.symlink("/h/.config", "x"), "EACCES")
    assert.allows(home, T.call.mkdir "/h/.config")
    assert.allows(home, rename("/h/x", "/h/.config/x"))
    assert.allows(home, T.call.symlink("/h/.config/x", "run"))
  end)

  it("is not helped by a handler", function()
    local helped = T.load_text [[
      allow.write "/w/**"
      allow.read "/w/pub/**"
      deny.read "/w/secret"
      function on.rename(call) return allow() end
    ]]
    assert.denies(helped, rename("/w/secret", "/w/x"), "EACCES")
    assert.denies(helped, rename("/w/x", "/w/pub/x"), "EXDEV")
    assert.allows(helped, rename("/elsewhere/x", "/elsewhere/y"))
  end)

  it("may go anywhere under default.allow() that no deny rule speaks of", function()
    local open_policy = T.load_text "default.allow()\ndeny.read '/w/secret'"
    assert.allows(open_policy, rename("/a", "/b"))
    assert.denies(open_policy, rename("/w", "/b"), "EACCES")
  end)

  it("is judged by a handler with both names", function()
    local answer = policies.ask([[
      function on.rename(call)
        return deny("EDOM", call.path .. " " .. call.newpath .. " " .. tostring(call.replaces))
      end]], rename { path = "/a", newpath = "/b", replaces = true })
    assert.equal("/a /b true", answer.why)
  end)
end)
