-- SIGKILL at many moments, of everybody who can die, while programs make calls as fast as they can: nothing
-- hangs, nothing survives, and the log has whole lines, one for all that a program was told to have done.
local live = require "live"
local attack = require "attack"

local MOMENTS = math.ceil(500 / tonumber(os.getenv "MOONGATE_SPARSE" or "1"))

describe("a storm of deaths #live", function()
  teardown(live.cleanup)

  --- A directory for one victim's runs; returns it and the words of `moongate run`.
  local function ground()
    local root = live.directory()
    attack.shell(("cd %s && mkdir -m 777 open shut && echo x >open/data && echo x >shut/data && mkfifo -m 666 open/fifo")
      :format(root), "user")
    live.write_file(root .. "/policy.lua", ([[
allow.read "/**"
allow.write { "ROOT/open/**", "/dev/null" }
allow.exec "/**"
deny.read "ROOT/shut/**"
deny.exec "/moongate-never"
]]):gsub("ROOT", root))
    return root, ("%s run -q -p %s/policy.lua --log %s/log --"):format(live.binary, root, root)
  end

  it("the supervisor, the guard, or the command", function()
    local roots, script = {}, ""
    for i, victim in ipairs { "supervisor", "guard", "command" } do
      local root, run = ground()
      roots[victim] = root
      script = script .. ("%s %s %d %d %s %s %s storm %s/open 9 >%s/out 2>%s/err &\n"):format(
        live.program "death_storm", victim, MOMENTS, os.time() + i, root, run, live.program "death_load", root, root, root)
    end
    local result = live.run { command = script .. "wait", timeout = 400,
      env = live.is_root() and { STORM_USER = live.user_id } or {} }
    assert.equal(0, result.status, result.err)
    for victim, root in pairs(roots) do
      local out, err = live.read_file(root .. "/out"), live.read_file(root .. "/err")
      local before, told = out:match("^runs=" .. MOMENTS ..
        " before=(%d+) hung=0 survived=0 torn=0 lost=0 ended=0 told=(%d+)\n$")
      assert(before, victim .. ": " .. out .. err:sub(-2000))
      assert(before + 0 < MOMENTS and told + 0 > 0, victim .. ": there was no load: " .. out)
    end
  end)

  for words, what in pairs { children = "in the middle of their calls", blocked = "while their calls are performed" } do
    attack.each(it, "processes of the run, " .. what, function(who)
      local root, run = ground()
      local count = math.ceil(MOMENTS / #attack.identities)
      local result = live.run { as = who, timeout = 200, command =
        ("%s %s %s %s/open 9 %d 9>>%s/record; echo $?"):format(
          run, live.program "death_load", words, root, count, root) }
      assert.equal(("killed %d of %d, supervised\n0\n"):format(count, count), result.out, result.err)
      local log = live.read_file(root .. "/log")
      assert.equal("}\n", log:sub(-2))
      for line in log:gmatch("[^\n]*\n") do
        assert(line:find('^ *{"time":"[^"]+Z",".*}\n$') and not line:find('[^ ]{"time"'), "torn: " .. line)
      end
      for name in live.read_file(root .. "/record"):gmatch("[^\n]+") do
        assert(log:find("/" .. name .. '","rights":["create"]', 1, true), "not in the log: " .. name)
      end
    end)
  end
end)
