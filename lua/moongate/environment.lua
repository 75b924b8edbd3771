-- What a policy file sees: the words of the language, a closed choice of Lua's own, nothing else.
local core, import = ...
local blame = import "blame"
local suggest = import "suggest"

local environment = {}

local verdicts = core.verdicts()
local options = core.options()

local PASSED_ON = { "HOME", "USER", "LOGNAME", "TMPDIR", "LANG", "PATH", "SHELL", "TERM" }

local PATHS = { HOME = true, TMPDIR = true, SHELL = true }

-- Words of Lua that are missing on purpose, so that the error can say so.
local CLOSED = {
  setmetatable = true, getmetatable = true, rawget = true, rawset = true, xpcall = true,
  load = true, loadstring = true, dofile = true, loadfile = true, require = true,
  coroutine = true, collectgarbage = true, io = true, os = true, debug = true,
  package = true, _G = true,
}

-- ---- read-only tables ----------------------------------------------------------------------

-- A view of `fields` that cannot be written; an unknown name is an error.
function environment.view(fields, what, raise)
  return setmetatable({}, {
    __index = function(_, name)
      local value = fields[name]
      if value == nil then
        raise("%s has no '%s'%s", what, tostring(name), suggest.hint(name, fields))
      end
      return value
    end,
    __newindex = function()
      raise("%s is read-only", what)
    end,
    __metatable = false,
  })
end

local function raise_at_caller(message, ...)
  error(message:format(...), 3)
end

local function library(original, name, without)
  local functions = {}
  for key, value in next, original do
    if key ~= without then
      functions[key] = value
    end
  end
  return environment.view(functions, name, raise_at_caller)
end

-- ("x"):lenn() reaches the table itself, not the view of it.
setmetatable(string, {
  __index = function(_, name)
    error(("string has no '%s'%s"):format(tostring(name), suggest.hint(name, string)), 2)
  end,
})

local shared = {
  assert = assert, error = error, ipairs = ipairs, next = next, pairs = pairs,
  pcall = core.pcall, select = select, tonumber = tonumber, tostring = tostring, type = type,
  rawequal = rawequal, rawlen = rawlen, print = core.print, _VERSION = _VERSION,
  math = library(math, "math", "randomseed"),
  string = library(string, "string"),
  table = library(core.bounded_table(), "table"),
  utf8 = library(utf8, "utf8"),
  kill = verdicts.kill, value = verdicts.value, redirect = verdicts.redirect,
  content = verdicts.content,
}

-- ---- env and cwd ---------------------------------------------------------------------------

-- A name that goes into patterns must not bring wildcards of its own.
local function has_wildcard(text)
  return text:find("*", 1, true) or text:find("?", 1, true)
end

-- An absolute path without ".", "..", and slashes too many.
function environment.clean(path)
  local parts = {}
  for part in path:gmatch("[^/]+") do
    if part == ".." then
      parts[#parts] = nil
    elseif part ~= "." then
      parts[#parts + 1] = part
    end
  end
  return "/" .. table.concat(parts, "/")
end

-- HOME=/home/x/ is legal, and "/home/x//.ssh" is no pattern.
local function usable(name, value)
  if value == "" then
    return nil
  elseif PATHS[name] and value:sub(1, 1) == "/" then
    return environment.clean(value)
  end
  return value
end

local function passed_on_values()
  local wanted, values = {}, {}
  for _, name in ipairs(PASSED_ON) do
    wanted[name] = true
  end
  for _, setting in ipairs(options.environment) do
    local equals = setting:find("=", 2, true)
    local name = equals and setting:sub(1, equals - 1)
    if wanted[name] then
      values[name] = usable(name, setting:sub(equals + 1))
    end
  end
  return wanted, values
end

local env_names, env_values = passed_on_values()

local function new_env(raise)
  return setmetatable({}, {
    __index = function(_, name)
      local value = env_values[name]
      if not env_names[name] then
        raise("env.%s is not passed on to policies%s; there are %s", tostring(name),
          suggest.hint(name, PASSED_ON), table.concat(PASSED_ON, ", "))
      end
      if value and has_wildcard(value) then
        raise("env.%s contains '*' or '?', which a pattern would take for a wildcard", name)
      end
      return value
    end,
    __newindex = function()
      raise("env is read-only")
    end,
    __metatable = false,
  })
end

-- ---- the environment of one file -----------------------------------------------------------

local function unknown_name(context, words, name)
  local raise = context.raise
  if name == "cwd" then
    raise("the current directory's name contains '*' or '?', which a pattern would take for a "
      .. "wildcard; start Moongate elsewhere or rename it")
  elseif CLOSED[name] then
    raise("'%s' is not there: a policy has no way out of its own world, by design", name)
  end
  raise("unknown name '%s'%s", tostring(name), suggest.hint(name, words))
end

-- `words` are those that belong to this file alone: rules, params, use.
function environment.new(context, words)
  for name, value in next, shared do
    words[name] = value
  end
  words.cwd = not has_wildcard(options.cwd) and options.cwd or nil
  words.env = new_env(context.raise)
  setmetatable(words, {
    __index = function(_, name)
      return unknown_name(context, words, name)
    end,
  })
  return setmetatable({}, {
    __index = words,
    __newindex = function(_, name)
      context.raise("assignment to global '%s'; write 'local %s'", tostring(name), tostring(name))
    end,
    __metatable = false,
  })
end

environment.has_wildcard = has_wildcard

-- The same error with a mend, where it is about a variable that is not set.
function environment.explain_nil(problem)
  local name = problem:match("^[^\n]-attempt to concatenate a nil value %(field '([%a_]+)'%)$")
  if not env_names[name] or env_values[name] then
    return problem
  end
  return ("%s\n%s is not set; write (env.%s or \"/…\")"):format(problem, name, name)
end

-- A function that raises an error which names the line of `file`.
function environment.raiser(file)
  return function(message, ...)
    blame.raise(file, message, ...)
  end
end

return environment
