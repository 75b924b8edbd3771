-- What disturbs the second look at an exec or a mapping: exchanged mappings, and death in the middle.
local live = require "live"
local attack = require "attack"

local sparse = tonumber(os.getenv("MOONGATE_SPARSE") or "1")

describe("a second look #live", function()
  after_each(live.cleanup)

  local function run(who, rules, ...)
    return live.run { as = who, args = { "-q" }, timeout = 120,
      policy = ('allow.read "/**" allow.write "/dev/null" allow.exec { "/usr/bin/*", %q }\n')
        :format(live.build .. "/spec/programs/*") .. rules,
      command = { live.program("attack_stops"), ... } }
  end

  attack.each(it, "sees code that was moved away, and a good file in its place", function(who)
    local root = live.directory()
    attack.shell(("cd %s && head -c 9000 /bin/true >good && head -c 9000 /bin/touch >evil"):format(root), who)
    local rules = ('allow.map { "/usr/**", "/lib/**", %q }'):format(root .. "/good")
    local result = run(who, rules, "decoy", root .. "/good", root .. "/evil", tostring(200 // sparse))
    assert.equal("0 escaped, some killed\n", result.out, result.err)
  end)

  attack.each(it, "ends with a process that ends while it maps", function(who)
    local result = run(who, 'allow.map { "/usr/**", "/lib/**" }', "exit", "/usr/bin/true", tostring(100 // sparse))
    assert.equal("0 hung\n", result.out, result.err)
  end)

  attack.each(it, "ends with a child that is killed while it executes", function(who)
    local result = run(who, "", "kill", "/usr/bin/true", tostring(400 // sparse))
    assert.equal("0 hung\n", result.out, result.err)
  end)

  it("spares children that were there before, however many", function()
    local word = "30." .. tostring({}):gsub("%D", ""):sub(-6)
    local result = live.run { command = ("i=0; while [ $i -lt 300 ]; do sleep %s & i=$((i+1)); done; " ..
      "%s run -p nonexistent -- true; pgrep -fxc 'sleep %s'; pkill -fx 'sleep %s'"):format(word, "exec 3>&1; " ..
      live.binary, word, word), timeout = 100 }
    assert.equal("300\n", result.out, result.err)
  end)
end)
