-- Several files: use, params, -D, and whom a file is believed from.
local T = require "moongate.testing"
local files = require "files"
local policies = require "policies"

local open, mkdir = T.call.open, T.call.mkdir

-- Loads main.lua of a directory with these files; names are searched in its lib/.
local function load(contents, params, options)
  local directory = files.make(contents)
  options = options or {}
  options.search = options.search or { directory .. "/lib" }
  local policy, problem = T.try_load(directory .. "/main.lua", params, options)
  files.remove(directory)
  return policy, problem and problem:gsub(directory:gsub("%p", "%%%0") .. "/", "")
end

local function assert_problem(expected, contents, params, options)
  local policy, problem = load(contents, params, options)
  assert.is_nil(policy)
  assert.truthy(problem:find(expected, 1, true), "the error is: " .. tostring(problem))
end

describe("use", function()
  it("takes a name from the search directories, then from the built-in policies", function()
    local p = load { ["main.lua"] = "use 'a/b'\nuse 'base/tmp'", ["lib/a/b.lua"] = "allow.read '/a'" }
    assert.allows(p, open "/a")
    assert.allows(p, mkdir "/tmp/x")
    assert.equal("builtin:base/tmp.lua", p:decide(mkdir "/tmp/x").file)
  end)

  it("takes a name from the first directory that has it", function()
    local p = load { ["main.lua"] = "use 'base/tmp'", ["lib/base/tmp.lua"] = "allow.read '/mine'" }
    assert.allows(p, open "/mine")
    assert.denies(p, mkdir "/tmp/x")
  end)

  it("takes ./ and ../ relative to the file that says so", function()
    local p = load {
      ["main.lua"] = "use './sub/a'",
      ["sub/a.lua"] = "use './b'\nuse '../c.lua'",
      ["sub/b.lua"] = "allow.read '/b'",
      ["c.lua"] = "allow.read '/c'",
    }
    assert.allows(p, open "/b")
    assert.allows(p, open "/c")
  end)

  it("works between built-in policies", function()
    local p = T.load_text("use 'base/loader'", nil, { search = {} })
    assert.allows(p, open "/dev/null")
  end)

  it("gives every file a world of its own", function()
    assert_problem("b.lua:1: unknown name 'secret'", {
      ["main.lua"] = "local secret = 1\nuse './b'", ["b.lua"] = "local x = secret",
    })
    assert_problem("main.lua:3: unknown parameter 'args.dir'", {
      ["main.lua"] = "params {}\nuse('./b', { dir = '/x' })\nlocal x = args.dir",
      ["b.lua"] = "params { dir = path {} }",
    })
  end)

  it("loads a file once for the same arguments, again for others", function()
    local p = load {
      ["main.lua"] = "use './a'\nuse './a'\nuse('./a', { x = '1' })\nuse('./a', { x = '1' })\nuse './b'",
      ["a.lua"] = "params { x = text {} }\nallow.read('/a' .. (args.x or ''))",
      ["b.lua"] = "use './a'",
    }
    assert.equal(2, #p:rules())
    assert.allows(p, open "/a1")
  end)

  it("composes in any order", function()
    for _, main in ipairs { "use './a'\nuse './b'", "use './b'\nuse './a'" } do
      local p = load {
        ["main.lua"] = main, ["a.lua"] = "allow.read '/x/**'", ["b.lua"] = "deny.read '/x/y'",
      }
      assert.denies(p, open "/x/y")
      assert.allows(p, open "/x/z")
    end
  end)

  it("reports where a problem is, and how it was reached", function()
    assert_problem("c.lua:2: unknown name 'alow' (did you mean 'allow'?)\n"
      .. "  used at b.lua:1\n  used at main.lua:1", {
      ["main.lua"] = "use './b'", ["b.lua"] = "use './c'", ["c.lua"] = "\nlocal x = alow",
    })
    assert_problem("b.lua:1: syntax error near 'y'\n  used at main.lua:2", {
      ["main.lua"] = "\nuse './b'", ["b.lua"] = "x y",
    })
  end)

  it("refuses circles", function()
    assert_problem("uses itself: ", { ["main.lua"] = "use './main'" })
    local _, problem = load {
      ["main.lua"] = "use './b'", ["b.lua"] = "use './c'", ["c.lua"] = "use('./b', { x = 1 })",
    }
    assert.truthy(problem:find("c.lua:1: .*b.lua uses itself: .*b.lua → .*c.lua → .*b.lua"), problem)
  end)

  it("says what is not there", function()
    assert_problem("main.lua:1: policy 'base/lodaer' is not found in ",
      { ["main.lua"] = "use 'base/lodaer'" })
    assert_problem("(did you mean 'base/loader'?)", { ["main.lua"] = "use 'base/lodaer'" })
    assert_problem("main.lua:1: policy './b' is not found", { ["main.lua"] = "use './b'" })
    assert_problem("there is one beside this file: write use \"./b\"",
      { ["main.lua"] = "use 'b'", ["b.lua"] = "" })
    assert_problem("'..' is only possible after './'", { ["main.lua"] = "use 'a/../b'" })
    for _, text in ipairs { "use()", "use(1)", "use('a', 1)", "use('a', {}, 1)" } do
      assert_problem("write use \"name\" or use(\"name\", { parameter = value })",
        { ["main.lua"] = text })
    end
  end)

  it("tells the command line the same", function()
    local _, problem = T.try_load "bild"
    assert.truthy(problem:find("policy 'bild' is not found in policies and among the built-in ones "
      .. "(did you mean 'build'?)", 1, true), problem)
    _, problem = T.try_load "./no/such.lua"
    assert.equal("policy ./no/such.lua does not exist", problem)
    local p = T.load({ "build", "policies/readonly.lua" })
    assert.allows(p, open "/usr/bin")
  end)
end)

describe("a policy file", function()
  it("that everybody can write is refused", function()
    local directory = files.make { ["a.lua"] = "allow.read '/x'" }
    files.chmod(directory .. "/a.lua", "o+w")
    local _, problem = T.try_load(directory .. "/a.lua")
    files.remove(directory)
    assert.truthy(problem:find("a.lua can be written by everybody, so it is not believed; chmod o-w it",
      1, true), problem)
  end)

  it("that is refused is not skipped in a search", function()
    local directory = files.make { ["base/tmp.lua"] = "allow.read '/x'" }
    files.chmod(directory .. "/base/tmp.lua", "o+w")
    local _, problem = T.try_load_text("use 'base/tmp'", nil, { search = { directory } })
    files.remove(directory)
    assert.truthy(problem and problem:find("can be written by everybody", 1, true), problem)
  end)

  it("is a regular file of a sensible size", function()
    local directory = files.make {
      ["big.lua"] = ("-"):rep(2 * 1024 * 1024), ["d.lua/x"] = "", ["huge.lua"] = "",
    }
    for name, expected in pairs {
      ["big.lua"] = "is larger than a policy can be", ["d.lua"] = "is not a regular file",
    } do
      local _, problem = T.try_load(directory .. "/" .. name)
      assert.truthy(problem:find(expected, 1, true), problem)
    end
    files.remove(directory)
  end)
end)

describe("params", function()
  local KINDS = [[
    params {
      dir = path { default = cwd, help = "a directory" },
      on_or_off = flag {},
      name = text { default = "x" },
      count = number { default = 3 },
      nothing = text {},
    }
    print(args.dir, args.on_or_off, args.name, args.count, args.nothing)
  ]]

  local function values(params)
    return T.load_text(KINDS, params, { cwd = "/w/x" }):log():gsub("\n", "")
  end

  it("have defaults", function()
    assert.equal("/w/x\tfalse\tx\t3\tnil", values {})
  end)

  it("come from -D", function()
    assert.equal("/a\ttrue\ty z\t5\tn=n", values {
      dir = "/a", on_or_off = "yes", name = "y z", count = "5", nothing = "n=n" })
  end)

  it("make paths absolute and clean", function()
    for given, expected in pairs {
      ["y"] = "/w/x/y", ["./y"] = "/w/x/y", ["../y"] = "/w/y", ["/a//b/./c/"] = "/a/b/c",
      ["."] = "/w/x", ["/"] = "/", ["../../.."] = "/",
    } do
      assert.equal(expected .. "\tfalse\tx\t3\tnil", values { dir = given })
    end
  end)

  it("know yes and no", function()
    for given, expected in pairs {
      ["true"] = true, on = true, ["1"] = true, ["false"] = false, no = false, ["0"] = false,
    } do
      assert.equal(("/w/x\t%s\tx\t3\tnil"):format(expected), values { on_or_off = given })
    end
  end)

  local function problem(text, params)
    return policies.problem(text, params)
  end

  it("are checked", function()
    local rows = {
      { { dir = "" }, "parameter 'dir' wants a path, not \"\" (from -D)" },
      { { dir = "~/x" }, "'~' is not expanded" },
      { { dir = "/a/*" }, "wants a path without '*' and '?'" },
      { { on_or_off = "maybe" }, "parameter 'on_or_off' wants true or false, not \"maybe\"" },
      { { count = "three" }, "parameter 'count' wants a number, not \"three\"" },
      { { nmae = "y" }, "-D nmae=y: no policy on the command line has a parameter 'nmae' "
        .. "(did you mean 'name'?)" },
      { { zzz = "y" }, "-D zzz=y: no policy on the command line has a parameter 'zzz': there are " },
    }
    for _, row in ipairs(rows) do
      local text = problem(KINDS, row[1])
      assert.truthy(text:find(row[2], 1, true), text)
    end
  end)

  it("may be required", function()
    local text = "params { workdir = path { required = true } }"
    assert.equal("policy.lua:1: missing parameter 'workdir': pass -D workdir=VALUE", problem(text))
    assert.equal("policy.lua:1: missing parameter 'workdir': pass -D workdir=VALUE, "
      .. "not -D wrkdir=/w", problem(text, { wrkdir = "/w" }))
    assert.equal("", problem(text, { workdir = "/w" }))
  end)

  it("go to those policies on the command line that declare them", function()
    local directory = files.make {
      ["a.lua"] = "params { x = text {} }\nallow.read('/a' .. args.x)",
      ["b.lua"] = "params { x = text {}, y = text {} }\nallow.read('/b' .. args.x .. args.y)",
      ["c.lua"] = "allow.read '/c'\nuse './d'",
      ["d.lua"] = "params { x = text { default = '0' } }\nallow.read('/d' .. args.x)",
    }
    local p = T.load({ directory .. "/a.lua", directory .. "/b.lua", directory .. "/c.lua" },
      { x = "1", y = "2" })
    files.remove(directory)
    assert.allows(p, open "/a1")
    assert.allows(p, open "/b12")
    assert.allows(p, open "/c")
    assert.allows(p, open "/d0") -- a used file gets what `use` gives it, nothing else
  end)

  it("come from use", function()
    local p = load {
      ["main.lua"] = "use('./b', { dir = '/x', flag_ = true, n = 2 })",
      ["b.lua"] = "params { dir = path {}, flag_ = flag {}, n = number {} }\n"
        .. "assert(args.flag_ == true and args.n == 2)\nallow.read(args.dir)",
    }
    assert.allows(p, open "/x")
    assert_problem("b.lua:1: there is no parameter 'dri' here (did you mean 'dir'?)", {
      ["main.lua"] = "use('./b', { dri = '/x' })", ["b.lua"] = "params { dir = path {} }",
    })
    assert_problem("b.lua: there is no parameter 'size' here", {
      ["main.lua"] = "use('./b', { size = '2G' })", ["b.lua"] = "allow.read '/x'",
    })
    assert_problem("parameter 'dir' wants a path, not a number (from use)", {
      ["main.lua"] = "use('./b', { dir = 1 })", ["b.lua"] = "params { dir = path {} }",
    })
    assert_problem("missing parameter 'dir': write use(\"…\", { dir = … })", {
      ["main.lua"] = "use './b'", ["b.lua"] = "params { dir = path { required = true } }",
    })
  end)

  policies.fail_to_load {
    { "params()", "write params { name = text { default = … } }" },
    { "params { text {} }", "'1' is not a name for a parameter" },
    { "params { ['a-b'] = text {} }", "'a-b' is not a name for a parameter" },
    { "params { x = 1 }", "parameter 'x' needs a kind: path, flag, text or number {…}" },
    { "params { x = text }", "parameter 'x' needs a kind" },
    { "params { x = text 'y' }", "write text { default = …, help = \"…\" }" },
    { "params { x = text { defualt = 1 } }", "a parameter has no option 'defualt' (did you mean "
      .. "'default'?)" },
    { "params { x = text { default = {} } }", "parameter 'x' wants a text, not a table" },
    { "params { x = flag { default = 'perhaps' } }", "parameter 'x' wants true or false" },
    { "params { x = number { default = 'x' } }", "parameter 'x' wants a number" },
    { "params { x = text { default = 'a', required = true } }",
      "a parameter is required or has a default, not both" },
    { "params {}\nparams {}", "policy.lua:2: params is there already; write one list" },
    { "local x = args.y", "args.y: this file declares no parameters; write params { y = text {} }" },
    { "local x = args.workdir", "write params { workdir = path {} }" },
    { "params { name = text {} }\nlocal x = args.nmae",
      "policy.lua:2: unknown parameter 'args.nmae' (did you mean 'name'?)" },
    { "params { x = text {} }\nargs.x = 1", "args is read-only" },
  }
end)
