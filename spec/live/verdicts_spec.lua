-- What a handler answers is what the program sees.
local live = require "live"

local BASE = [[
allow.read "/**"
allow.write "/**"
allow.exec "/**"
deny.read "/moongate-never"
]]

local function run(handler, command, options)
  local run_options = { policy = BASE .. handler, command = command, args = { "-q" } }
  for key, value in pairs(options or {}) do run_options[key] = value end
  return live.run(run_options)
end

describe("a handler's verdict #live", function()
  after_each(live.cleanup)
  local directory
  before_each(function() directory = live.directory() end)

  it("allow() lets the open through", function()
    live.write_file(directory .. "/a", "content of a\n")
    local result = run("function on.open(call) return allow() end", { "cat", directory .. "/a" })
    assert.equal("content of a\n", result.out)
    assert.equal(0, result.status)
  end)

  it("nil leaves it to the rules", function()
    local result = run("function on.open(call) end\ndeny.read '/etc/hostname'",
      { "cat", "/etc/hostname" })
    assert.equal("", result.out)
    assert.truthy(result.err:find("Permission denied", 1, true))
  end)

  it("deny() answers with the errno it names", function()
    local result = run([[
      function on.open(call)
        if call:under("]] .. directory .. [[") then return deny("ENOTTY", "because") end
      end]], { "cat", directory .. "/a" }, { args = {} })
    assert.truthy(result.err:find("Inappropriate ioctl for device", 1, true))
    assert.truthy(result.err:find("because", 1, true))
  end)

  it("kill() ends the process by SIGKILL, and it alone", function()
    local result = run([[
      function on.open(call)
        if call.path == "/etc/hostname" then return kill("enough") end
      end]], "cat /etc/hostname; echo killed with $?")
    assert.equal("killed with 137\n", result.out)
  end)

  it("value() pretends, and nothing happens", function()
    local result = run("function on.mkdir(call) return value(0) end",
      ("mkdir %s/new; echo $?; test -e %s/new; echo $?"):format(directory, directory))
    assert.equal("0\n1\n", result.out)
  end)

  it("redirect() opens another object in its place", function()
    live.write_file(directory .. "/other", "the other\n")
    local result = run(([[
      function on.open(call)
        if call.path == "/etc/hostname" then return redirect(%q) end
      end]]):format(directory .. "/other"), { "cat", "/etc/hostname" })
    assert.equal("the other\n", result.out)
  end)

  it("redirect() follows no symlink that the program put there", function()
    os.execute("ln -s /etc/hostname " .. directory .. "/other")
    local result = run(([[
      function on.open(call)
        if call.path == "/etc/passwd" then return redirect(%q) end
      end]]):format(directory .. "/other"), { "cat", "/etc/passwd" }, { args = {} })
    assert.equal("", result.out)
    assert.truthy(result.err:find("redirect() has a symlink", 1, true), result.err)
  end)

  it("redirect() makes a directory elsewhere", function()
    local result = run(([[
      function on.mkdir(call)
        if call.given == "here" then return redirect(%q) end
      end]]):format(directory .. "/there"), ("cd %s && mkdir here; ls"):format(directory))
    assert.equal("there\n", result.out)
  end)

  it("content() is a file that only exists for the program", function()
    local result = run([[
      function on.open(call)
        if call.path == "/no/such/file" then return content("virtual\n") end
      end]], "cat /no/such/file; echo more >> /no/such/file; echo $?")
    assert.equal("virtual\n2\n", result.out)
  end)

  it("content() can't be changed, also through /proc/self/fd", function()
    local result = run([[
      function on.open(call)
        if call.path == "/no/such/file" then return content("virtual\n") end
      end]], [[exec 7< /no/such/file; echo x > /proc/self/fd/7; cat <&7]])
    assert.equal("virtual\n", result.out)
    assert.truthy(result.err:find("Operation not permitted", 1, true)
      or result.err:find("Permission denied", 1, true), result.err)
  end)

  it("of a handler that looks at the call's fields is about the resolved path", function()
    os.execute("ln -s . " .. directory .. "/loop")
    local result = run(([[
      function on.open(call)
        if call.path == %q then
          return content(table.concat({ call.op, call.syscall, call.given,
            tostring(call.access.read), tostring(call.access.write),
            tostring(call.flags.O_CREAT), call.exe, call.cwd, call.uid }, " ") .. "\n")
        end
      end]]):format(directory .. "/x"),
      ("cd %s && cat loop/./x"):format(directory))
    local exe = result.out:match("(/usr/bin/%S+)")
    assert.equal(("open openat loop/./x true false false %s %s %s"):format(exe, directory,
      live.run { command = "id -u" }.out), result.out)
  end)
end)
