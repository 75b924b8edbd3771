local live = require "live"
local attack = require "attack"
local races = require "races"

-- The path is rewritten in memory while the call is judged.
describe("a path that a thread rewrites #live", function()
  after_each(live.cleanup)

  for _, family in ipairs { "looking", "standing", "opening", "changing", "removing", "making" } do
    attack.each(it, family .. " shows and changes only what was judged", function(who)
      races.run(who, { method = "flip", good = "open", good_path = "open/#", path = "shut/#" }, family)
    end)
  end

  for _, method in ipairs { "flip-shared", "flip-vm", "flip-writev" } do
    attack.alternate(it, "or another process: " .. method, function(who)
      races.run(who, { method = method, good = "open", good_path = "open/#", path = "shut/#" }, "some")
    end)
  end
end)
