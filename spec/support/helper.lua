-- Runs before every spec file.
assert(_VERSION == "Lua 5.4",
  "the specs run on " .. _VERSION .. ": say busted --lua=/usr/bin/lua5.4")

local ok, problem = pcall(require, "moongate.core")
assert(ok, "build the module first (cmake --build build/dev), or set MOONGATE_BUILD: "
  .. tostring(problem))
