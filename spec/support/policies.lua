-- Short ways to say what a spec is about.
local T = require "moongate.testing"
local busted = require "busted"

local policies = {}

-- Loads a text and asks it one thing; the answer, and the policy.
function policies.ask(text, call, options)
  local policy = T.load_text(text, nil, options)
  return policy:decide(call or { op = "open", path = "/x" }), policy
end

-- A call of any operation, with what it must have.
function policies.call(op)
  if op == "kill" then
    return { op = op, signal = "SIGTERM", to = 1 }
  end
  return { op = op, path = "/x", newpath = (op == "rename" or op == "link") and "/y" or nil }
end

-- The answer of a body of on.open(call).
function policies.answer(body, call, options)
  return policies.ask("function on.open(call)\n" .. body .. "\nend", call, options)
end

-- The sentence with which a text fails to load; "" if it does not fail.
function policies.problem(text, params, options)
  local policy, problem = T.try_load_text(text, params, options)
  return policy and "" or problem
end

-- One `it` per row { text, expected part of the error }.
function policies.fail_to_load(rows)
  for _, row in ipairs(rows) do
    local text, expected = row[1], row[2]
    busted.it(("%s: %s"):format(text:gsub("\n", " "), expected), function()
      local problem = policies.problem(text)
      assert(problem:find(expected, 1, true), "the error is: " .. problem)
    end)
  end
end

return policies
