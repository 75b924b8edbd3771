-- explain, check and syscalls: what they say about every operation, without running anything.
local live = require "live"
local json = require "dkjson"

local POLICY = [[
allow.read "/w/pub/**"
allow.write "/w/**"
hide { "/w/secret", why = "mine" }
deny.write { "/w/kept/**", errno = "EROFS" }
function on.chown(call) return deny("EDOM", "never") end
]]

describe("without running anything #live", function()
  after_each(live.cleanup)

  local function ask(...)
    local directory = live.directory()
    live.write_file(directory .. "/policy.lua", POLICY)
    local words = { live.binary }
    for _, word in ipairs { ... } do
      words[#words + 1] = word == "POLICY" and directory .. "/policy.lua" or word
    end
    return live.run { command = words }
  end

  local function explained(status, text, ...)
    local result = ask("explain", "POLICY", ...)
    assert.equal(status, result.status, result.err)
    assert.truthy((result.out .. result.err):find(text, 1, true), result.out .. result.err)
  end

  it("explain knows every operation", function()
    local listed = ask("syscalls").out
    local count = 0
    for operation in ("\n" .. listed):gmatch("\n(%l+) ") do
      local twice = (operation == "rename" or operation == "link") and "/w/z" or nil
      local result = ask("explain", "POLICY", operation, "/w/x", twice)
      -- Of processes, on.kill alone decides.
      local known = result.status == 0 or result.status == 1
      assert.truthy(known or operation == "kill", operation .. result.err)
      count = count + 1
    end
    assert.equal(21, count)
  end)

  it("explain judges both names", function()
    explained(0, "allow: rule at", "rename", "/w/x", "/w/y")
    explained(1, 'deny EXDEV: rule at', "rename", "/w/x", "/w/pub/x")
    explained(1, 'deny ENOENT: rule at', "rename", "/w/x", "/w/secret")
    explained(1, 'hide "/w/secret": mine', "rename", "/w/secret/x", "/w/y")
    explained(1, 'deny EROFS: rule at', "rename", "/w/x", "/w/kept/x")
    explained(1, 'deny EROFS: rule at', "symlink", "/w/kept")
    explained(1, 'to allow it: allow.write "/w/x"  allow.write "/v"', "rename", "/w/x", "/v")
    explained(1, 'to allow it: allow.read "/w/x"  allow.write "/w/x"', "link", "/w/x", "/v")
  end)

  it("explain looks at what a rename would replace", function()
    local directory = live.directory()
    live.write_file(directory .. "/there", "")
    live.write_file(directory .. "/policy.lua", ("allow.create %q\nallow.delete %q"):format(
      directory .. "/*", directory .. "/x"))
    local function renamed(name)
      return live.run { command = { live.binary, "explain", directory .. "/policy.lua", "rename",
        directory .. "/x", directory .. "/" .. name } }.status
    end
    assert.same({ 0, 1 }, { renamed("new"), renamed("there") })
  end)

  it("explain follows a link only where the call does", function()
    local directory = live.directory()
    assert(os.execute(("ln -s /w/secret %s/link"):format(directory)))
    os.execute(("mkdir %s/d && ln -s d %s/e"):format(directory, directory))
    explained(1, 'allow.write "' .. directory .. '/link"', "remove", directory .. "/link")
    explained(1, 'allow.write "' .. directory .. '/d/x"', "remove", directory .. "/e/x")
    explained(1, 'allow.write "' .. directory .. '/d"', "chmod", directory .. "/e")
    explained(1, 'allow.write "' .. directory .. '/e"', "rename", directory .. "/e", directory .. "/f")
  end)

  it("explain asks handlers", function()
    explained(1, "deny EDOM: handler at", "chown", "/w/x")
    local result = ask("explain", "--json", "POLICY", "chown", "/w/x")
    assert.equal("never", json.decode(result.out).why)
  end)

  it("explain says what it did not understand", function()
    explained(2, "no action is called 'raed' (did you mean 'read'?)", "raed", "/w/x")
    explained(2, "'unlink' is a system call of the operation remove", "unlink", "/w/x")
    explained(2, "explain POLICY read|write|create PATH", "openat", "/w/x")
    explained(2, "'rename' has two paths", "rename", "/w/x")
    explained(2, "'remove' has one path", "remove", "/w/x", "/w/y")
    explained(2, "a/../b: a path has no //", "rename", "/w/x", "a/../b")
    explained(2, "/w/: a path has no //", "chmod", "/w/")
    explained(2, "usage: moongate explain", "rename")
  end)

  it("explain takes the words for rights", function()
    explained(0, "allow: rule at", "modify", "/w/x")
    explained(1, 'to allow it: allow.write "/v"', "delete", "/v")
    explained(0, "allow: rule at", "create", "/w/x")
  end)

  it("explain takes paths from the current directory", function()
    local directory = live.directory()
    live.write_file(directory .. "/policy.lua", "")
    os.execute(("mkdir -p %s/sub/below"):format(directory))
    for given, meant in pairs {
      x = "/sub/x", ["./x"] = "/sub/x", ["below/x"] = "/sub/below/x", ["../x"] = "/x", [".././x"] = "/x",
      ["."] = "/sub", [".."] = "", ["..x"] = "/sub/..x",
    } do
      local result = live.run { cwd = directory .. "/sub",
        command = { live.binary, "explain", directory .. "/policy.lua", "read", given } }
      assert.equal(('to allow it: allow.read "%s%s"'):format(directory, meant),
        result.out:match("to allow it: [^\n]*"), result.err)
    end
  end)

  it("explain takes policies by -p, too", function()
    local directory = live.directory()
    live.write_file(directory .. "/a.lua", "allow.read '/w/x'")
    live.write_file(directory .. "/b.lua", "deny.read '/w/y'")
    local function status(path)
      return live.run { command = { live.binary, "explain", "-p", directory .. "/a.lua", "-p",
        directory .. "/b.lua", "read", path } }.status
    end
    assert.same({ 0, 1 }, { status "/w/x", status "/w/y" })
  end)

  it("explain takes a handler that fails for an error", function()
    local directory = live.directory()
    live.write_file(directory .. "/policy.lua", "function on.open(call) return call.uid == 0 and allow() end")
    local result = live.run { command = { live.binary, "explain", directory .. "/policy.lua", "read", "/x" } }
    assert.equal(2, result.status)
    assert.truthy(result.out:find("a spec can give it, for moongate test: T.call.open { uid = 0, … }",
      1, true), result.out)
  end)

  it("check lists hidden names, who decides, and which groups are left to rules", function()
    local out = ask("check", "POLICY").out
    for _, expected in ipairs {
      'policy.lua:3: hide "/w/secret": mine\n', "  unlink             the supervisor, judged\n",
      "  getdents64         the supervisor, without what is hidden\n", "  stat               the supervisor, judged\n",
      "  judged by rules: @remove, @rename, @link, @symlink, @mknod, @chmod, @chown, @truncate, @utime, @xattr\n",
      "  @file-ioctl        refused (", "policy.lua:5: on.chown decides what no rule denies\n",
    } do
      assert.truthy(out:find(expected, 1, true), expected .. out)
    end
  end)

  local function checked(policy)
    local directory = live.directory()
    live.write_file(directory .. "/policy.lua", policy)
    local result = live.run { command = { live.binary, "check", directory .. "/policy.lua" } }
    assert.equal(0, result.status, result.err)
    return (result.out:gsub(directory:gsub("%p", "%%%0") .. "/", ""))
  end

  it("check shows every pattern of a rule", function()
    local patterns, excepts = {}, {}
    for i = 1, 60 do
      patterns[i] = ("%q"):format("/w/somewhere/" .. i .. (i % 2 == 0 and "/**" or ""))
      excepts[i] = ("%q"):format("/w/somewhere/else/" .. i)
    end
    local out = checked(("deny.read { %s, except = { %s }, errno = 'EPERM', why = 'mine' }"):format(
      table.concat(patterns, ", "), table.concat(excepts, ", ")))
    for _, list in ipairs { patterns, excepts } do
      for _, pattern in ipairs(list) do
        assert.truthy(out:find(pattern, 1, true), pattern .. out)
      end
    end
    assert.truthy(out:find('"/w/somewhere/else/60" } }, errno EPERM: mine\n', 1, true), out)
    assert.falsy(out:find("...", 1, true), out)
    for line in out:match("rules:(.-)calls"):gmatch("[^\n]+") do
      assert.truthy(#line <= 110, line)
    end
  end)

  it("test runs specs, and skips what is pending in whatever way", function()
    local directory = live.directory()
    live.write_file(directory .. "/some_spec.lua", [[describe("some", function()
      it("is returned", function() return pending("later") end)
      it("is said", function() pending("later") end)
      it("runs on Lua 5.4", function() assert.equal("Lua 5.4", _VERSION) end)
    end)]])
    local result = live.run { command = { live.binary, "test", "-o", "TAP", directory .. "/some_spec.lua" } }
    local _, skipped = result.out:gsub("ok %d %- # SKIP [^\n]*later\n", "")
    assert.equal(2, skipped, result.out .. result.err)
    assert.truthy(result.out:find("- some runs on Lua 5.4\n", 1, true), result.out)
    assert.equal(0, result.status)
    live.write_file(directory .. "/some_spec.lua", "it('fails', function() assert.equal(1, 2) end)")
    assert.equal(1, live.run { command = { live.binary, "test", directory .. "/some_spec.lua" } }.status)
  end)

  it("check lists every handler of an operation", function()
    local directory = live.directory()
    live.write_file(directory .. "/other.lua", "\nfunction on.open(call) end")
    live.write_file(directory .. "/policy.lua", "use './other'\n\nfunction on.open(call) end")
    local out = live.run { command = { live.binary, "check", directory .. "/policy.lua" } }.out
    assert.truthy(out:find("other.lua:2: on.open decides", 1, true), out)
    assert.truthy(out:find("policy.lua:3: on.open decides", 1, true), out)
  end)

  it("check notes what may be a slip", function()
    local out = checked("allow.read { '/etc/pasword', '/etc/passwd', '/missing/**' }; allow.write '/later/**'\ndeny.write '/w/[ab]*'\n"
      .. "hide '/missing/x'\nallow.read '/{a,b}/**'\ndeny.syscall 'fork'")
    local notes = out:match("\nnotes:\n(.*)$")
    assert.equal('  policy.lua:1: "/etc/pasword": nothing is there now\n'
      .. '  policy.lua:1: "/missing/**": nothing is there now\n'
      .. "  policy.lua:2: \"/w/[ab]*\": '[' is an ordinary character here; special are *, ? and a last /**\n"
      .. "  policy.lua:4: \"/{a,b}/**\": '{' is an ordinary character here; special are *, ? and a last /**\n"
      .. '  policy.lua:5: deny.syscall "fork": clone does the same, and is not refused\n', notes)
    local own = checked("allow.write '/usr/**'\nallow.exec { '/bin/cat', '/usr/*/true' }"):match("\nnotes:\n(.*)$")
    assert.equal("  policy.lua:2: the program may run what it may write (policy.lua:1, not counting exceptions)\n", own)
    own = checked("allow.write '/usr/**'\nallow.map { '/usr/lib/**', '/' }"):match("\nnotes:\n(.*)$")
    assert.equal("  policy.lua:2: the program may load as code what it may write (policy.lua:1, not counting exceptions)\n", own)
    assert.falsy(checked("allow.write '/usr/*'\nallow.exec '/usr/bin/cat'"):find("notes:", 1, true))
    assert.falsy(checked("allow.read '/etc/passwd'\ndeny.syscall { 'fork', 'clone' }"):find("notes:", 1, true))
  end)

  it("check shows what is left to the kernel", function()
    local directory = live.directory()
    live.write_file(directory .. "/policy.lua", "allow.read '/**'\ndeny.syscall '@remove'")
    local out = live.run { command = { live.binary, "check", directory .. "/policy.lua" } }.out
    assert.truthy(out:find("  stat               the kernel, allowed\n", 1, true), out)
    assert.truthy(out:find("  unlink             the kernel, refused: EPERM\n", 1, true), out)
    assert.truthy(out:find("  @remove            refused", 1, true), out)
    assert.falsy(out:find("getdents", 1, true), out)
  end)

  it("syscalls says what an operation needs", function()
    local out = ask("syscalls", "link").out
    assert.truthy(out:find("needs read and modify; for the new name create\n", 1, true), out)
    assert.truthy(ask("syscalls", "@rename").out:find("judged by rules", 1, true))
  end)

  it("syscalls says where a system call belongs", function()
    for word, expected in pairs {
      openat = "is judged as the operation open: by rules and by on.open\n",
      unlink = "is judged as the operation remove", ptrace = "of the group @debug",
      socket = "with some arguments of the group @inet", getpid = "is not judged, and of no group",
    } do
      local out = ask("syscalls", word).out
      assert.truthy(out:find(expected, 1, true), out)
    end
    assert.truthy(ask("syscalls", "unlink").out:find("of the group @remove", 1, true))
  end)

  it("syscalls lists groups of groups", function()
    for _, out in ipairs { ask("syscalls").out, ask("syscalls", "@network").out } do
      assert.truthy(out:find("all of @unix, @inet, @netlink, @bind\n", 1, true), out)
    end
    assert.truthy(ask("syscalls").out:find("\n@file-change ", 1, true))
  end)

  it("syscalls suggests the nearest word", function()
    for word, nearest in pairs { opn = "open", ["@netwrok"] = "@network", unlnik = "unlink" } do
      local result = ask("syscalls", word)
      assert.equal(2, result.status)
      assert.truthy(result.err:find(("'%s' (did you mean '%s'?)"):format(word, nearest), 1, true), result.err)
    end
    assert.falsy(ask("syscalls", "frobnicate").err:find("did you mean", 1, true))
    assert.falsy(ask("syscalls", ("x"):rep(5000)).err:find("did you mean", 1, true))
  end)

  it("the version has a short option", function()
    assert.equal(ask("--version").out, ask("-V").out)
    assert.truthy(ask("-V").out:find("^moongate %d"))
  end)
end)
