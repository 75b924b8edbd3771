-- The Lua half of the policy language: the entry. Runs once per state with the table of C
-- functions, returns the function that loads policies. Nothing in here is visible to a policy.
local core = ...

local modules = {}

-- Each module is a file below lua/moongate, called with (core, import).
local function import(name)
  if not modules[name] then
    modules[name] = core.module(name)(core, import)
  end
  return modules[name]
end

core.set_suggest(import("suggest").hint)

return import("loader").load
