-- params { name = kind {…} } and args.name.
local core, import = ...
local environment = import "environment"
local suggest = import "suggest"

local params = {}

local cwd = core.options().cwd
local KIND_KEYS = { default = true, required = true, help = true }

-- Declarations, by the handle that path {…} and its like return to the policy.
local declarations = setmetatable({}, { __mode = "k" })

-- ---- kinds: a function from the value given to the value used, or nil and what was wanted --

local function to_path(value)
  if type(value) ~= "string" or value == "" or value:find("\0", 1, true) then
    return nil, "a path"
  elseif value:sub(1, 1) == "~" then
    return nil, "a path ('~' is not expanded: write env.HOME, or let the shell do it)"
  end
  local path = environment.clean(value:sub(1, 1) == "/" and value or cwd .. "/" .. value)
  if environment.has_wildcard(path) then
    return nil, "a path without '*' and '?', which patterns would take for wildcards"
  end
  return path
end

local FLAGS = {
  ["true"] = true, yes = true, on = true, ["1"] = true,
  ["false"] = false, no = false, off = false, ["0"] = false,
}

local function to_flag(value)
  if type(value) == "boolean" then
    return value
  end
  local flag = FLAGS[value]
  if flag == nil then
    return nil, "true or false"
  end
  return flag
end

local function to_text(value)
  if type(value) == "number" then
    return tostring(value)
  elseif type(value) ~= "string" then
    return nil, "a text"
  end
  return value
end

local function to_number(value)
  local number = tonumber(value)
  if not number then
    return nil, "a number"
  end
  return number
end

local KINDS = { path = to_path, flag = to_flag, text = to_text, number = to_number }

local function convert(raise, name, declaration, value, origin)
  local result, wanted = KINDS[declaration.kind](value)
  if result == nil then
    raise("parameter '%s' wants %s, not %s%s", name, wanted,
      type(value) == "string" and ("%q"):format(value) or "a " .. type(value), origin)
  end
  return result
end

-- ---- declaring -----------------------------------------------------------------------------

local function new_kind(context, kind)
  return function(options, ...)
    if type(options) ~= "table" or select("#", ...) > 0 then
      context.raise("write %s { default = …, help = \"…\" }", kind)
    end
    for key in next, options do
      if not KIND_KEYS[key] then
        context.raise("a parameter has no option '%s'%s", tostring(key),
          suggest.hint(key, KIND_KEYS))
      end
    end
    if options.required and options.default ~= nil then
      context.raise("a parameter is required or has a default, not both")
    end
    local handle = setmetatable({}, { __metatable = false })
    declarations[handle] = {
      kind = kind, default = options.default, required = options.required and true or false,
      help = options.help,
    }
    return handle
  end
end

local function check_given(context, declared)
  for name in next, context.given do
    if not declared[name] then
      context.raise("there is no parameter '%s' here%s", tostring(name),
        suggest.hint(name, declared))
    end
  end
end

local function missing(context, name)
  local typed = context.defines and suggest.nearest(name, context.defines)
  local instead = typed and (", not -D %s=%s"):format(typed, context.defines[typed]) or ""
  if context.defines then
    context.raise("missing parameter '%s': pass -D %s=VALUE%s", name, name, instead)
  end
  context.raise("missing parameter '%s': write use(\"…\", { %s = … })", name, name)
end

-- The value of one parameter, from -D, from use(), or the default.
local function value_of(context, name, declaration)
  if context.defines and context.defines[name] ~= nil then
    context.consumed[name] = true
    return convert(context.raise, name, declaration, context.defines[name], " (from -D)")
  elseif context.given[name] ~= nil then
    return convert(context.raise, name, declaration, context.given[name], " (from use)")
  elseif declaration.default ~= nil then
    return convert(context.raise, name, declaration, declaration.default, "")
  elseif declaration.required then
    missing(context, name)
  elseif declaration.kind == "flag" then
    return false
  end
end

local function declare(context, list, ...)
  if not core.is_loading() then
    context.raise("params belongs at the top of the file, not in a handler")
  elseif context.declared then
    context.raise("params is there already; write one list")
  elseif type(list) ~= "table" or select("#", ...) > 0 then
    context.raise("write params { name = text { default = … } }")
  end
  local declared, values = {}, {}
  for name, handle in next, list do
    if type(name) ~= "string" or not name:find("^[%a_][%w_]*$") then
      context.raise("'%s' is not a name for a parameter", tostring(name))
    elseif not declarations[handle] then
      context.raise("parameter '%s' needs a kind: path, flag, text or number {…}", name)
    end
    declared[name] = declarations[handle]
  end
  check_given(context, declared)
  for name, declaration in next, declared do
    values[name] = value_of(context, name, declaration)
  end
  context.declared, context.values = declared, values
end

-- ---- using ---------------------------------------------------------------------------------

-- What the undeclared parameter probably is, by its name.
local function likely_kind(name)
  for _, part in ipairs { "dir", "path", "file", "root", "home", "tree", "folder" } do
    if name:lower():find(part, 1, true) then
      return "path"
    end
  end
  return "text"
end

local function new_args(context)
  return setmetatable({}, {
    __index = function(_, name)
      local declared = context.declared
      if not declared then
        context.raise("args.%s: this file declares no parameters; write params { %s = %s {} }",
          tostring(name), tostring(name), likely_kind(tostring(name)))
      elseif not declared[name] then
        context.raise("unknown parameter 'args.%s'%s", tostring(name),
          suggest.hint(name, declared))
      end
      return context.values[name]
    end,
    __newindex = function()
      context.raise("args is read-only; copy it into a local")
    end,
    __metatable = false,
  })
end

-- The words for one file.
function params.words(context)
  local words = {
    args = new_args(context),
    params = function(...)
      declare(context, ...)
    end,
  }
  for kind in next, KINDS do
    words[kind] = new_kind(context, kind)
  end
  return words
end

-- For a file that has run: parameters given to one that declares none are an error.
function params.check(context)
  if not context.declared then
    check_given(context, {})
  end
end

-- { "name=value", … } → { name = value }; a name alone is a flag that is set.
function params.parse_defines(list)
  local defines = {}
  for _, text in ipairs(list) do
    local equals = text:find("=", 1, true)
    local name = equals and text:sub(1, equals - 1) or text
    if name == "" then
      error(("-D %s: write -D name=value"):format(text), 0)
    end
    defines[name] = equals and text:sub(equals + 1) or "true"
  end
  return defines
end

return params
