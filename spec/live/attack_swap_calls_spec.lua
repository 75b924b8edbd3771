local live = require "live"
local attack = require "attack"
local races = require "races"

-- What is on the way is exchanged while the call is judged: by somebody outside, as fast as it goes, or
-- by a thread of the target.
describe("names on the way that change places #live", function()
  after_each(live.cleanup)

  local every = { "looking", "standing", "opening", "changing", "removing", "making" }

  for _, family in ipairs(every) do
    attack.alternate(it, "a directory and a symlink: " .. family, function(who)
      races.run(who, { method = "still", good = "open/real", path = "open/real/#",
        swap = "open/real open/link" }, family)
    end)
  end

  for _, family in ipairs { "looking", "removing", "making" } do
    attack.alternate(it, "what .. is taken of: " .. family, function(who)
      races.run(who, { method = "still", good = "open", path = "open/deep/../#",
        swap = "open/deep open/round" }, family)
    end)
  end

  for _, family in ipairs { "looking, following", "standing", "opening", "changing, following" } do
    attack.alternate(it, "a file and a symlink: " .. family, function(who)
      races.run(who, { method = "still", good = "open", path = "open/file", swap = "open/file open/alias" },
        family)
    end)
  end

  attack.each(it, "a directory and a symlink, by a thread", function(who)
    races.run(who, { method = "inside", good = "open/real", path = "open/real/#", names = "open/real open/link" }, "few")
  end)
end)
