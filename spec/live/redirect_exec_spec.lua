-- redirect() in on.exec: another program runs, with the same arguments and environment, and nothing
-- but that one; what is left where it can't.
local live = require "live"

describe("redirect() of a program #live", function()
  teardown(live.cleanup)

  local program = live.program("redirect")

  --- A directory with: good (exits with 7), evil (leaves a mark), closed (not executable).
  local function ground(as)
    local directory = live.directory()
    local mark = directory .. "/mark"
    for name, text in pairs {
      good = "exit 7", evil = "echo ran > " .. mark, closed = "exit 1",
      script = "echo script \"$0\" \"$@\" $MARKED",
    } do
      live.write_file(directory .. "/" .. name, "#!/bin/sh\n" .. text .. "\n")
      os.execute(("chmod %s %s/%s"):format(name == "closed" and "644" or "755", directory, name))
    end
    os.execute("chmod 777 " .. directory)
    return directory, mark, as
  end

  local function policy(directory, target)
    return ("default.allow()\nfunction on.exec(call)\n" ..
      "if call.given == '%s/asked' then return redirect('%s') end\n" ..
      "if call.path == '%s/evil' then return deny() end\nend"):format(directory, target, directory)
  end

  for _, as in ipairs { "user", "root" } do
    describe("as " .. as, function()
      it("runs a binary, with the arguments and the environment as they were", function()
        local directory = ground(as)
        local result = live.run { as = as, env = { MARKED = "yes" },
          policy = policy(directory, "/usr/bin/printenv"),
          command = { "sh", "-c", directory .. "/asked MARKED; exec " .. directory .. "/asked MARKED" } }
        assert.equal("yes\nyes\n", result.out, result.err)
        assert.equal(0, result.status)
      end)

      it("runs a script, by its own name", function()
        local directory = ground(as)
        local result = live.run { as = as, env = { MARKED = "yes" },
          policy = policy(directory, directory .. "/script"), command = { directory .. "/asked", "a", "b c" } }
        -- What is not there is not found by `run` itself.
        assert.equal(127, result.status)
        result = live.run { as = as, env = { MARKED = "yes" },
          policy = policy(directory, directory .. "/script"),
          command = { "sh", "-c", directory .. "/asked a 'b c'" } }
        assert.equal(("script %s/script a b c yes\n"):format(directory), result.out, result.err)
      end)

      it("holds for what handlers have seen, and for the environment rules", function()
        local directory = ground(as)
        local result = live.run { as = as, env = { MARKED = "yes", LD_X = "no" },
          policy = ([[
default.allow()
environment { drop = { "LD_*" } }
function on.exec(call)
  if call.given == "%s/asked" and call.argv[2] == "MARKED" and call.env.MARKED == "yes" then
    return redirect("/usr/bin/printenv")
  end
end]]):format(directory), command = { "sh", "-c", "exec " .. directory .. "/asked MARKED LD_X" } }
        assert.equal("yes\n", result.out, result.err)
        result = live.run { as = as, env = { MARKED = "yes", LD_X = "no" },
          policy = "default.allow() environment { drop = { 'LD_*' } } function on.exec(call) " ..
            "if call.path == '/usr/bin/id' then return redirect('/usr/bin/printenv') end end",
          command = { "id", "MARKED", "LD_X" } }
        assert.equal("yes\n", result.out, result.err)
      end)

      for way, status in pairs { thread = "7", vfork = "7\n" } do
        it("works in a " .. way, function()
          local directory = ground(as)
          local result = live.run { as = as, policy = policy(directory, directory .. "/good"),
            command = { program, way, directory .. "/asked" } }
          assert.equal(status, way == "thread" and tostring(result.status) or result.out, result.err)
        end)
      end

      it("leaves registers and stack as they were where it cannot run", function()
        local directory = ground(as)
        local function attempt(target)
          return live.run { as = as, policy = policy(directory, target),
            command = { program, "registers", directory .. "/asked" } }
        end
        assert.equal("Permission denied same\n", attempt(directory .. "/closed").out)
        assert.equal("No such file or directory same\n", attempt(directory .. "/missing").out)
        assert.equal("Permission denied same\n", attempt(directory).out)
        live.write_file(directory .. "/text", "no program")
        os.execute("chmod 755 " .. directory .. "/text")
        assert.equal("Exec format error same\n", attempt(directory .. "/text").out)
      end)

      it("follows no symlink", function()
        local directory = ground(as)
        os.execute(("ln -s good %s/link"):format(directory))
        local result = live.run { as = as, policy = policy(directory, directory .. "/link"),
          command = { "sh", "-c", directory .. "/asked" } }
        assert.equal(126, result.status)
        assert.truthy(result.err:find("has a symlink in it", 1, true), result.err)
      end)

      for mode, row in pairs {
        storm = { "signals at every moment", "200", "all\n" },
        stops = { "being stopped and continued", "100", "100\n" },
      } do
        it("survives " .. row[1], function()
          local directory = ground(as)
          local result = live.run { as = as, policy = policy(directory, directory .. "/good"), timeout = 60,
            command = { program, mode, directory .. "/asked", row[2] } }
          assert.equal(row[3], result.out, result.err)
        end)
      end

      it("never runs what another thread writes in the path's place", function()
        local directory, mark = ground(as)
        local result = live.run { as = as, policy = policy(directory, directory .. "/good"), timeout = 100,
          command = { program, "race", directory .. "/asked", directory .. "/evil", "500" } }
        assert.equal("unexpected 0\n", result.out:match("unexpected.*"), result.out .. result.err)
        assert.is_nil(io.open(mark))
      end)
    end)
  end

  it("is about the program, not about a script's interpreter", function()
    local directory = ground()
    local result = live.run {
      policy = "default.allow() function on.exec(call) if call.script then return redirect('/usr/bin/true') end end",
      command = { directory .. "/good" } }
    assert.equal(126, result.status)
    assert.truthy(result.err:find("an interpreter cannot be exchanged", 1, true), result.err)
  end)

  it("is in the log", function()
    local directory = ground()
    local log = directory .. "/log"
    live.run { policy = policy(directory, "/usr/bin/true"), args = { "--log", log },
      command = { "sh", "-c", directory .. "/asked" } }
    assert.truthy(live.read_file(log):find('"verdict":"redirect","redirect":"/usr/bin/true"', 1, true))
  end)
end)
