-- What runs is what was judged: the path is rewritten, or leads elsewhere, between the judgement and
-- the kernel's own look.
local live = require "live"
local attack = require "attack"

describe("what is executed #live", function()
  after_each(live.cleanup)

  local function ground(who)
    local root = live.directory()
    attack.shell(("cd %s && cp /bin/true good && cp /bin/touch evil"):format(root), who)
    return root, ([[
allow.read "/**"
allow.write { "ROOT/**", "/dev/null" }
allow.exec { "ROOT/good", "PROGRAMS/*", "/usr/bin/*" }
]]):gsub("ROOT", root):gsub("PROGRAMS", live.build .. "/spec/programs")
  end

  for _, method in ipairs { "text", "link" } do
    attack.each(it, "is what was approved, when the " .. method .. " changes", function(who)
      local root, policy = ground(who)
      local result = live.run {
        as = who, policy = policy, args = { "-q" }, timeout = 200,
        command = { live.program("attack_exec"), method, root .. "/good", root .. "/evil",
          root .. "/mark", "2000" },
      }
      assert.equal(0, result.status, result.out .. result.err)
      local numbers = attack.tally(result)
      assert.is_true(numbers.opened > 0 and numbers.refused > 0, result.out)
      -- Natively the same program runs the other one.
      local native = live.run {
        as = who, timeout = 200,
        command = { live.program("attack_exec"), method, root .. "/good", root .. "/evil",
          root .. "/native", "300" },
      }
      assert.equal(1, native.status, native.out .. native.err)
    end)
  end

  attack.each(it, "counts the interpreter of a script", function(who)
    local root, policy = ground(who)
    attack.shell(("cd %s && printf '#!%s/evil\\n' >script && chmod 755 script && rm -f good && " ..
      "printf '#!/bin/sh\\necho ran $0\\n' >good && chmod 755 good"):format(root, root), who)
    local result = live.run {
      as = who, policy = policy .. ("allow.exec %q\n"):format(root .. "/script"), args = { "-q" },
      command = { "sh", "-c", ("%s/good; %s/script; echo $?"):format(root, root) },
    }
    assert.equal(("ran %s/good\n126\n"):format(root), result.out, result.err)
    assert.is_truthy(result.err:find("[Pp]ermission denied"), result.err)
  end)
end)
