-- Finding, reading and running policy files; use.
local core, import = ...
local blame = import "blame"
local environment = import "environment"
local limits = import "limits"
local params = import "params"
local rules = import "rules"
local suggest = import "suggest"

local loader = {}

local options = core.options()
local BUILT_IN = "builtin:"

local loaded = {}   -- "identity args" → true
local active = {}   -- the files being loaded, outermost first
local defines, consumed = {}, {}
local declared = {} -- parameters of the policies on the command line, for suggestions

-- ---- finding -------------------------------------------------------------------------------

-- A source: { name = for people, text = …, identity = … }.

local function with_suffix(name)
  return name:sub(-4) == ".lua" and name or name .. ".lua"
end

local function built_in(name)
  local text = core.embedded("policies/" .. with_suffix(name))
  local shown = BUILT_IN .. with_suffix(name)
  return text and { name = shown, text = text, identity = shown }
end

-- nil if there is no such file; any other failure is an error.
local function on_disk(path)
  local text, identity, missing = core.read(path)
  if text then
    return { name = path, text = text, identity = identity }
  elseif not missing then
    error(identity, 0)
  end
end

local function searched(name)
  for _, directory in ipairs(options.search) do
    local source = on_disk(directory .. "/" .. with_suffix(name))
    if source then
      return source
    end
  end
  return built_in(name)
end

local function built_in_names()
  local names = {}
  for _, file in ipairs(core.embedded_names()) do
    names[#names + 1] = file:match("^policies/(.*)%.lua$")
  end
  return names
end

-- `at_hand`: how to name a file that was perhaps meant, or nil.
local function not_found(name, at_hand)
  local places = table.concat(options.search, ", ")
  error(("policy '%s' is not found in %s%s%s"):format(name, places,
    places ~= "" and " and among the built-in ones" or "the built-in ones",
    at_hand and "; " .. at_hand or suggest.hint(name, built_in_names())), 0)
end

local function check_name(name)
  for part in name:gmatch("[^/]+") do
    if part == ".." then
      error(("policy '%s': '..' is only possible after './', as in \"./../x\""):format(name), 0)
    end
  end
end

-- "a/./b/../c" → "a/c"
local function clean(path)
  local parts = {}
  for part in path:gmatch("[^/]+") do
    if part == ".." and parts[#parts] and parts[#parts] ~= ".." then
      parts[#parts] = nil
    elseif part ~= "." then
      parts[#parts + 1] = part
    end
  end
  return table.concat(parts, "/")
end

-- "./x" and "../x", relative to the file that uses it.
local function beside(name, user)
  local directory = user.name:match("^(.*)/[^/]*$")
  if user.name:sub(1, #BUILT_IN) == BUILT_IN then
    return built_in(clean((directory and directory:sub(#BUILT_IN + 1) .. "/" or "") .. name))
  end
  return on_disk(with_suffix((directory and directory .. "/" or "") .. name:gsub("^%./", "")))
end

-- Only for a hint: what cannot be read is not there.
local function is_there(find, ...)
  local ok, source = pcall(find, ...)
  return ok and source ~= nil
end

-- What `use` names.
local function find_used(name, user)
  local source
  if name:sub(1, 2) == "./" or name:sub(1, 3) == "../" then
    source = beside(name, user)
  elseif name:sub(1, 1) == "/" then
    source = on_disk(with_suffix(name))
  else
    check_name(name)
    source = searched(name)
  end
  return source or not_found(name, is_there(beside, "./" .. name, user)
    and ("there is one beside this file: write use \"./%s\""):format(name))
end

-- What the command line names: a path, or a name that is searched.
local function find_named(name)
  if name:find("/", 1, true) or name:sub(-4) == ".lua" then
    return on_disk(name) or on_disk(with_suffix(name))
      or error(("policy %s does not exist"):format(name), 0)
  end
  local file = "./" .. name .. ".lua"
  return searched(name)
    or not_found(name, is_there(on_disk, file) and ("there is %s: write -p %s.lua"):format(file, name))
end

-- ---- running -------------------------------------------------------------------------------

local function sorted_keys(map)
  local keys = {}
  for key in next, map do
    keys[#keys + 1] = tostring(key)
  end
  table.sort(keys)
  return keys
end

-- One text for the same file with the same arguments.
local function key_of(source, given)
  local parts = { source.identity }
  for _, key in ipairs(sorted_keys(given)) do
    parts[#parts + 1] = ("%q=%q"):format(key, tostring(given[key]))
  end
  return table.concat(parts, " ")
end

local function check_cycle(source)
  for index, user in ipairs(active) do
    if user.identity == source.identity then
      local names = {}
      for i = index, #active do
        names[#names + 1] = active[i].name
      end
      error(("%s uses itself: %s → %s"):format(source.name, table.concat(names, " → "),
        source.name), 0)
    end
  end
end

-- Raised again with the file's name where Lua itself gave none.
local function explain(source, problem)
  if type(problem) ~= "string" then
    problem = ("%s: the policy raised a %s, not a text; write error(\"what is wrong\")")
      :format(source.name, type(problem))
  elseif not problem:find(":", 1, true) then
    problem = source.name .. ": " .. problem
  end
  return environment.explain_nil(problem)
end

local load_source

local function new_use(context, source)
  return function(name, given, ...)
    if not core.is_loading() then
      context.raise("use belongs at the top of the file, not in a handler")
    elseif type(name) ~= "string" or (given ~= nil and type(given) ~= "table")
      or select("#", ...) > 0 then
      context.raise("write use \"name\" or use(\"name\", { parameter = value })")
    end
    local line = context.line()
    local ok, problem = pcall(function()
      load_source(find_used(name, source), given or {}, nil)
    end)
    if not ok and problem:find("^[^\n]-:%d+: ") then
      blame.note(problem)
      error(("%s\n  used at %s:%d"):format(problem, source.name, line), 0)
    elseif not ok then
      context.raise("%s", problem)
    end
  end
end

local function new_context(source, given, from_command_line)
  local context = {
    file = source.name,
    raise = environment.raiser(source.name),
    given = given,
    defines = from_command_line and defines or nil,
    consumed = consumed,
  }
  function context.line()
    return blame.line(source.name) or 0
  end
  return context
end

local function compile(source, context)
  local words = rules.words(context)
  for name, word in next, params.words(context) do
    words[name] = word
  end
  words.limits = limits.words(context).limits
  words.use = new_use(context, source)
  local text = source.text:sub(1, 1) == "#" and "--" .. source.text or source.text
  local chunk, problem = core.compile(text, "@" .. source.name, environment.new(context, words))
  if not chunk then
    error(explain(source, problem), 0)
  end
  return chunk
end

function load_source(source, given, from_command_line)
  local key = key_of(source, given)
  check_cycle(source)
  if loaded[key] then
    return
  end
  loaded[key] = true
  local context = new_context(source, given, from_command_line)
  local chunk = compile(source, context)
  active[#active + 1] = source
  local ok, problem = pcall(chunk)
  if not ok then
    error(explain(source, problem), 0)
  end
  active[#active] = nil
  params.check(context)
  for name in next, from_command_line and context.declared or {} do
    declared[name] = true
  end
end

local function check_defines()
  for name, value in next, defines do
    if not consumed[name] then
      error(("-D %s=%s: no policy on the command line has a parameter '%s'%s"):format(name, value,
        name, suggest.hint_or_all(name, declared)), 0)
    end
  end
end

-- Loads the policies named, or the one given as text.
function loader.load(names, text, chunk)
  defines = params.parse_defines(options.defines)
  if text then
    load_source({ name = chunk, text = text, identity = chunk }, {}, true)
  end
  for _, name in ipairs(names) do
    load_source(find_named(name), {}, true)
  end
  check_defines()
  if blame.first then
    error(blame.first, 0)
  end
end

return loader
