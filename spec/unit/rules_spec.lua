-- allow, deny, default, on: what they mean, and what they refuse to mean.
local T = require "moongate.testing"
local policies = require "policies"

local open, mkdir, exec = T.call.open, T.call.mkdir, T.call.exec

describe("rules", function()
  it("are matched against paths", function()
    local p = T.load_text [[
      allow.read { "/usr/**", "/etc/hosts", "/home/*/x?" }
      allow.write "/w/**"
      allow.exec "/usr/bin/*"
    ]]
    assert.allows(p, open "/usr")
    assert.allows(p, open "/usr/lib/x")
    assert.allows(p, open "/etc/hosts")
    assert.allows(p, open "/home/a/xy")
    assert.allows(p, exec "/usr/bin/cc")
    assert.allows(p, mkdir "/w/x")
    assert.denies(p, open "/usrx")
    assert.denies(p, open "/etc/hosts2")
    assert.denies(p, open "/home/a/b/xy")
    assert.denies(p, open { path = "/usr/x", flags = "O_WRONLY" })
    assert.denies(p, exec "/usr/bin/x/y")
    assert.denies(p, mkdir "/usr/x")
  end)

  it("grant each needed right, together if need be", function()
    local p = T.load_text "allow.read '/w/**'\nallow.modify '/w/a'\nallow.create '/w/b'"
    assert.allows(p, open { path = "/w/a", flags = "O_RDWR" })
    assert.denies(p, open { path = "/w/b", flags = "O_RDWR" })
    assert.denies(p, open { path = "/w/b", flags = "O_WRONLY|O_CREAT", missing = true })
    assert.denies(p, open { path = "/w/a", flags = "O_WRONLY|O_CREAT", missing = true })
    assert.allows(p, mkdir "/w/b")
  end)

  it("deny whatever the order", function()
    local lines = {
      "allow.write '/w/**'",
      "deny.write { '/w/.git/**', except = '/w/.git/index.lock', errno = 'EROFS', why = 'no' }",
    }
    for _, text in ipairs { table.concat(lines, "\n"), lines[2] .. "\n" .. lines[1] } do
      local p = T.load_text(text)
      assert.denies(p, mkdir "/w/.git/x", "EROFS")
      assert.equal("no", p:decide(mkdir "/w/.git/x").why)
      assert.allows(p, mkdir "/w/.git/index.lock")
      assert.allows(p, mkdir "/w/x")
    end
  end)

  it("have exceptions that are only theirs", function()
    local p = T.load_text [[
      allow.read { "/a/**", except = { "/a/x/**", "/a/y" } }
      allow.read "/a/x/z"
    ]]
    assert.allows(p, open "/a/b")
    assert.denies(p, open "/a/x/q")
    assert.denies(p, open "/a/y")
    assert.allows(p, open "/a/x/z")
  end)

  it("know where they stand and what they said", function()
    local p = T.load_text "\n\nallow.read { '/a', '/b\"\\n' }\ndeny.read '/c'"
    local answer = p:decide(open "/a")
    assert.same({ "policy.lua", 3, 'allow.read { "/a", "/b\\"\\x0A" }' },
      { answer.file, answer.line, answer.rule })
    assert.same({ "policy.lua", 4 }, { p:decide(open "/c").file, p:decide(open "/c").line })
    assert.same({ 1, 2 }, { p:rules()[1].hits, p:rules()[2].hits })
  end)

  it("may be computed", function()
    local p = T.load_text [[
      local list = {}
      for i = 1, 3 do list[i] = "/data/" .. i end
      list.why = "computed"
      deny.read(list)
      default.allow()
    ]]
    assert.denies(p, open "/data/2")
    assert.allows(p, open "/data/4")
  end)

  it("may be many", function()
    local p = T.load_text [[
      for i = 1, 5000 do allow.read { "/data/" .. i .. "/**" } end
    ]]
    assert.allows(p, open "/data/4999/x")
    assert.denies(p, open "/data/x")
  end)

  it("are not without end", function()
    local patient = { limits = { load_ms = 30000 } }
    assert.truthy(policies.problem("while true do allow.read '/x' end", nil, patient)
      :find("more than 100000 rules; use patterns", 1, true))
  end)
end)

describe("the default", function()
  it("is a refusal, EACCES for files", function()
    assert.denies(T.load_text "", open "/x", "EACCES")
    assert.denies(T.load_text "", mkdir "/x", "EACCES")
    assert.denies(T.load_text "", exec "/x", "EACCES")
  end)

  it("leaves what is missing missing", function()
    assert.denies(T.load_text "", open { path = "/x", missing = true }, "ENOENT")
    assert.denies(T.load_text "",
      open { path = "/x", flags = "O_CREAT|O_WRONLY", missing = true }, "EACCES")
    assert.denies(T.load_text "default.deny('EPERM')", open { path = "/x", missing = true }, "ENOENT")
    assert.denies(T.load_text "default.deny('EPERM')",
      open { path = "/x", flags = "O_CREAT|O_WRONLY", missing = true }, "EPERM")
  end)

  it("can be stated", function()
    assert.allows(T.load_text "default.allow()", open "/x")
    assert.denies(T.load_text "default.deny 'ENOSYS'", open "/x", "ENOSYS")
    assert.denies(T.load_text "default.allow()\ndeny.read '/x'", open "/x")
    assert.equal(2, T.load_text("\ndefault.allow()"):decide(open "/x").line)
  end)

  policies.fail_to_load {
    { "default.allow()\ndefault.deny 'EPERM'",
      "policy.lua:2: a different default is stated at policy.lua:1; keep one of the two" },
    { "default.deny()", "default.deny wants one errno: default.deny(\"EPERM\")" },
    { "default.deny 'EPREM'", "unknown errno 'EPREM' (did you mean 'EPERM'?)" },
    { "default.allow '/x'", "default.allow() takes nothing" },
    { "default.kill()", "default has no 'kill'" },
    { "default()", "attempt to call" },
  }
end)

describe("patterns that have no meaning", function()
  policies.fail_to_load {
    { "allow.read 'usr'", "policy.lua:1: pattern \"usr\" is not absolute; write cwd .. \"/dir\"" },
    { "\nallow.read '~/x'", "policy.lua:2: pattern \"~/x\" starts with '~'" },
    { "allow.read ''", "is empty; write an absolute path" },
    { "allow.read '/a/'", "ends in '/'; write /dir for the directory itself" },
    { "allow.read '/a//b'", "has an empty component" },
    { "allow.read '/a/../b'", "has a '.' or '..'" },
    { "allow.read '/a/**/b'", "has '**' in the wrong place" },
    { "allow.read '/a**'", "has '**' in the wrong place; it must be the whole last component" },
    { "allow.read '/a\\0b'", "item 1 has a NUL byte" },
    { "allow.read { '/a', except = 'b' }", "pattern \"b\" is not absolute" },
    { "allow.exec 'gcc'", "pattern \"gcc\" is not absolute; a program is named by its path, such as "
      .. "\"/usr/bin/gcc\"" },
    { "allow.exec { '/a', except = 'gcc' }", "such as \"/usr/bin/gcc\"" },
    { "allow.exec './gcc'", "write cwd .. \"/dir\"" },
    { "allow.read '$HOME/x'", "pattern \"$HOME/x\" starts with '$', which is not expanded; write env.HOME "
      .. ".. \"/x\"" },
    { "hide '${HOME}'", "pattern \"${HOME}\" starts with '$', which is not expanded; write env.HOME" },
    { "allow.read('/' .. ('x'):rep(5000))", "is longer than any path" },
  }
end)

describe("mistakes in a rule", function()
  policies.fail_to_load {
    { "allow.raed '/x'", "policy.lua:1: unknown right 'allow.raed' (did you mean 'read'?)" },
    { "deny.wirte '/x'", "unknown right 'deny.wirte' (did you mean 'write'?)" },
    { "allow.run '/x'", "there is no right 'run'; write allow.exec" },
    { "deny.execute '/x'", "there is no right 'execute'; write deny.exec" },
    { "allow.list '/x'", "there is no right 'list'; write allow.read" },
    { "allow.open '/x'", "open needs the right read, or modify, and create for what is missing" },
    { "allow.mkdir '/x'", "there is no right 'mkdir': mkdir needs the right create: allow.create, or "
      .. "allow.write for all changes" },
    { "deny.unlink '/x'", "unlink needs the right delete: deny.delete, or deny.write" },
    { "allow.chmod '/x'", "chmod needs the right modify: allow.modify" },
    { "allow.rename '/x'", "rename needs the rights create and delete: allow.create and allow.delete" },
    { "allow.readlink '/x'", "readlink needs the right stat: allow.stat" },
    { "allow.fork '/x'", "it is a system call: write allow.syscall \"fork\"" },
    { "allow.files '/x'", "unknown right 'allow.files': there are create, delete, exec, map, modify, "
      .. "read, stat, syscall and write" },
    { "allow.net 'x'", "'allow.net' is not judged in this version" },
    { "allow.sat '/x'", "unknown right 'allow.sat' (did you mean 'stat'?)" },
    { "deny.hide '/x'", "policy.lua:1: hide is a word of its own: hide { \"/path\" }" },
    { "allow[1] = 2", "allow is read-only" },
    { "allow.read()", "allow.read wants one path or one list: allow.read { \"/a\", \"/b\" }" },
    { "allow.read(nil)", "allow.read wants one path or one list" },
    { "allow.read('/a', '/b')", "allow.read wants one path or one list" },
    { "allow.read(1)", "allow.read wants one path or one list" },
    { "allow.read {}", "the rule names no path; write at least one, or /** for everything" },
    { "allow.read { except = '/x' }", "the rule names no path" },
    { "allow.read { '/a', 1 }", "allow.read: item 2 is a number, not a string" },
    { "allow.read { '/a', nil, '/c' }", "allow.read: item 2 is a nil, not a string; is a parameter "
      .. "missing?" },
    { "allow.read { { '/a' } }", "item 1 is a table, not a string" },
    { "allow.read { '/a', exept = '/b' }", "allow.read has no option 'exept' (did you mean 'except'?)" },
    { "allow.read { '/a', [true] = 1 }", "allow.read has no option 'true'" },
    { "allow.read { '/a', [1.5] = 1 }", "allow.read has no option '1.5'" },
    { "allow.read { '/a', errno = 'EPERM' }", "allow.read has no option 'errno': only deny answers "
      .. "with one" },
    { "deny.read { '/a', errno = 'EACESS' }", "unknown errno 'EACESS' (did you mean 'EACCES'?)" },
    { "deny.read { '/a', errno = 13 }", "unknown errno '13'" },
    { "deny.read { '/a', errno = false }", "unknown errno 'false'" },
    { "deny.read { '/a', why = 1 }", "deny.read: why is a string, not a number" },
    { "deny.read { '/a', except = 1 }", "deny.read: except: item 1 is a number" },
    { "allow.read(allow)", "the rule names no path" },
    { "allow:read '/x'", "allow.read wants one path or one list" },
  }

  it("inside a function are blamed on their own line", function()
    assert.equal("policy.lua:2: unknown right 'allow.raed' (did you mean 'read'?)",
      policies.problem "local function f()\n  allow.raed '/x'\nend\n\nf()")
  end)

  it("in a tail call are blamed on the file", function()
    assert.truthy(policies.problem("return allow.read 'x'")
      :find("^policy.lua: pattern \"x\" is not absolute"))
  end)
end)

describe("a mistake that a policy catches itself", function()
  -- Else a deny with a typing error could be silently missing.
  for _, text in ipairs {
    "pcall(function() deny.raed '/x' end)",
    "pcall(deny.read, 'x')",
    "pcall(function() deny.read { '/x', errno = 'EX' } end)",
    "pcall(use, 'no/such/policy')",
    "pcall(function() x = 1 end)",
  } do
    it("is one: " .. text, function()
      assert.truthy(policies.problem(text .. "\nallow.read '/y'"):find("^policy.lua:?1?: "))
    end)
  end

  it("may be an ordinary error", function()
    T.load_text "pcall(error, 'x')"
  end)
end)

describe("what is not judged yet", function()
  policies.fail_to_load {
    { "deny.connect 'x'", "'deny.connect' is not judged in this version" },
    { "allow.bind '/x'", "'allow.bind' is not judged in this version" },
    { "allow.send '/x'", "'allow.send' is not judged in this version" },
    { "function on.connect(call) end", "'on.connect' is not judged in this version" },
  }
end)

describe("every operation", function()
  it("has a handler", function()
    for op in pairs(require("moongate.core").operations) do
      local call = policies.call(op)
      local p = T.load_text(("function on.%s(call) return deny('EDOM', call.op) end"):format(op))
      assert.denies(p, call, "EDOM")
      assert.equal(op, p:decide(call).why)
    end
  end)
end)

describe("rights", function()
  it("are what the calls of every operation need", function()
    local p = T.load_text [[
      allow.read "/read"
      allow.create "/create"
      allow.delete "/delete"
      allow.modify "/modify"
      allow.exec "/exec"
      allow.write "/write"
    ]]
    for right, operations in pairs {
      read = { "open", "watch" }, create = { "mkdir", "mknod", "symlink" }, delete = { "remove" },
      modify = { "chmod", "chown", "truncate", "utime", "setxattr" }, exec = { "exec" },
    } do
      for _, op in ipairs(operations) do
        for _, name in ipairs { "read", "create", "delete", "modify", "exec" } do
          local call = T.call[op]("/" .. name)
          assert.equal(name == right and "allow" or "deny", p:decide(call).verdict, op .. " " .. name)
        end
        if right ~= "read" and right ~= "exec" then
          assert.allows(p, T.call[op] "/write")
        end
      end
    end
  end)

  it("to load code are everybody's until the policy speaks of them, and come with exec", function()
    local map = T.call.map
    assert.allows(T.load_text "allow.exec '/usr/**'", map "/x")
    local p = T.load_text "allow.map { '/lib/**' }\nallow.exec '/bin/*'\nallow.read '/**'"
    assert.allows(p, map "/lib/x.so")
    assert.allows(p, map "/bin/x")
    assert.denies(p, map "/", "EPERM")
    assert.denies(p, map "/w/x.so", "EPERM")
    assert.equal('allow.map "/w/x.so"', p:suggest(map "/w/x.so"))
    assert.denies(p, exec "/lib/x.so", "EACCES")
    p = T.load_text "deny.map { '/w/**', errno = 'EACCES' }\nallow.exec '/w/x'"
    assert.denies(p, map "/w/x", "EACCES")
    assert.allows(p, exec "/w/x")
    assert.allows(p, map "/")
    assert.allows(T.load_text "allow.map '/x'\ndefault.allow()", map "/y")
    p = T.load_text "allow.write '/w/**'\nallow.map '/w/lib/*'"
    assert.denies(p, T.call.rename("/w/x", "/w/lib/x"), "EXDEV")
  end)

  it("of a call with two names are needed at both", function()
    local p = T.load_text "allow.write '/w/**'\nallow.read '/w/**'"
    for _, op in ipairs { "rename", "link" } do
      assert.allows(p, T.call[op]("/w/a", "/w/b"))
      assert.denies(p, T.call[op]("/w/a", "/v/b"), "EACCES")
      assert.is_not.allows(p, T.call[op]("/v/a", "/w/b"))
      assert.denies(p, T.call[op]("/v/a", "/v/b"), "EACCES")
    end
  end)

  it("to remove are the deny rules' business, too", function()
    local p = T.load_text "allow.write '/w/**'\ndeny.delete { '/w/keep', errno = 'EROFS' }"
    assert.allows(p, T.call.remove "/w/x")
    assert.denies(p, T.call.remove "/w/keep", "EROFS")
    assert.denies(p, T.call.rename("/w/keep", "/w/x"), "EROFS")
    assert.denies(p, T.call.rename { path = "/w/x", newpath = "/w/keep", replaces = true }, "EROFS")
    assert.allows(p, open { path = "/w/keep", flags = "O_WRONLY" })
  end)
end)

describe("a mistake in hide", function()
  policies.fail_to_load {
    { "hide()", "policy.lua:1: hide wants one path or one list: hide { \"/a\", \"/b\" }" },
    { "hide {}", "the rule names no path" },
    { "hide 'x'", "pattern \"x\" is not absolute" },
    { "hide { '/x', 1 }", "hide: item 2 is a number" },
    { "hide { '/x', errno = 'EPERM' }", "hide always answers ENOENT; for another errno use deny" },
    { "hide { '/x', exept = '/x/y' }", "hide has no option 'exept' (did you mean 'except'?)" },
    { "hide { '/x', why = 1 }", "hide: why is a string" },
    { "hide '/x/'", "ends in '/'" },
    { "hdie '/x'", "unknown name 'hdie' (did you mean 'hide'?)" },
    { "hide = 1", "assignment to global 'hide'" },
  }

  it("inside a handler is a failure", function()
    local answer = policies.answer("hide '/x'")
    assert.equal("failure", answer.source)
    assert.truthy(answer.why:find("a handler returns deny(\"ENOENT\")", 1, true), answer.why)
  end)
end)

describe("on", function()
  policies.fail_to_load {
    { "function on.opne(call) end", "policy.lua:1: unknown operation 'on.opne' (did you mean 'open'?)" },
    { "function on.openat(call) end", "policy.lua:1: openat is a system call, and judged by on.open; "
      .. "write function on.open(call) … end" },
    { "function on.unlink(call) end", "unlink is a system call, and judged by on.remove" },
    { "function on.rmdir(call) end", "judged by on.remove" },
    { "function on.creat(call) end", "judged by on.open" },
    { "function on.inotify_add_watch(call) end", "judged by on.watch" },
    { "local x = on.unlinkat", "judged by on.remove" },
    { "function on.fork(call) end", "no operation judges the system call fork; deny.syscall \"fork\"" },
    { "on.open = allow", "on.open is a table; write function on.open(call) … end" },
    { "on.open = nil", "on.open is a nil; write function on.open(call)" },
    { "local x = on.open", "on.open can only be written" },
    { "local x = on.opne", "unknown operation 'on.opne'" },
    { "function on.open() end\nfunction on.open() end",
      "policy.lua:2: on.open is there already, at line 1; join the two" },
  }

  it("names the line of the function, not of the assignment", function()
    local p = T.load_text "\nlocal function judge()\n  return deny()\nend\n\non.open = judge\non.exec = judge"
    assert.equal(2, p:decide(open "/x").line)
    assert.equal(2, p:decide(exec "/x").line)
  end)
end)

describe("syscall rules", function()
  it("name system calls and groups", function()
    local p = T.load_text [[
      allow.syscall "@file-change"
      allow.syscall { "@debug", "ptrace" }
      deny.syscall { "sync", errno = "ENOSYS" }
    ]]
    local rules = p:syscall_rules()
    assert.same({ word = "@file-change", deny = false, file = "policy.lua", line = 1 }, rules[1])
    assert.same({ "@debug", "ptrace", "sync" }, { rules[2].word, rules[3].word, rules[4].word })
    assert.same({ true, "ENOSYS" }, { rules[4].deny, rules[4].errno })
    assert.truthy(p:opens "@debug")
    assert.falsy(p:opens "sync")
  end)

  policies.fail_to_load {
    { "allow.syscall '@file-chnage'", "unknown system call or group '@file-chnage' (did you mean "
      .. "'@file-change'?)" },
    { "deny.syscall 'ptrase'", "unknown system call or group 'ptrase' (did you mean 'ptrace'?)" },
    { "allow.syscall '@io-uring'", "allow.syscall \"@io-uring\" is refused: " },
    { "allow.syscall {}", "allow.syscall names no system call" },
    { "allow.syscall()", "allow.syscall wants one" },
    { "allow.syscall { '@debug', errno = 'EPERM' }", "allow.syscall has no option 'errno'" },
    { "deny.syscall { 'sync', except = 'x' }", "deny.syscall has no option 'except'" },
    { "deny.syscall { 'sync', errno = 'ENOSIS' }", "(did you mean 'ENOSYS'?)" },
  }

  it("may deny what cannot be allowed", function()
    T.load_text "deny.syscall '@io-uring'"
  end)
end)
