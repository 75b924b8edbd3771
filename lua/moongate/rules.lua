-- allow, deny, default and on: what a policy declares.
local core, import = ...
local suggest = import "suggest"

local rules = {}

local errnos = core.errnos()
local rights = core.rights()
-- What does not exist cannot be opened, and so not be mapped.
local hidden_rights = 0
for right, bits in next, rights do
  hidden_rights = hidden_rights | (right ~= "map" and bits or 0)
end
local operations = core.operations()
local needs = core.needs()
local vocabulary = core.vocabulary()
local verdicts = core.verdicts()

-- Known from the design, not judged yet: silence would be a hole.
local NETWORK = "sockets are refused unless a policy opens them: allow.syscall \"@network\""

local LATER_RIGHTS = { connect = NETWORK, bind = NETWORK, send = NETWORK, net = NETWORK, network = NETWORK }

local LATER_OPERATIONS = {
  connect = NETWORK, bind = NETWORK, send = NETWORK, socket = NETWORK,
}

local function check(raise, ok, sentence)
  if not ok then
    raise("%s", sentence)
  end
end

local function check_loading(raise, what, instead)
  if not core.is_loading() then
    raise("%s is declared while the policy is loaded, not inside a handler; %s", what, instead)
  end
end

local function errno_number(raise, name)
  local number = errnos[name]
  if not number then
    raise("unknown errno '%s'%s", tostring(name), suggest.hint(name, errnos))
  end
  return number
end

-- ---- the table of one rule -----------------------------------------------------------------

-- A list of strings without holes, from a string or a list; `word` names it in errors.
local function strings(raise, word, value)
  local list = type(value) == "table" and value or { value }
  local count = 0
  for key in next, list do
    if math.type(key) == "integer" then
      count = count + 1
    end
  end
  for index = 1, count do
    local text = rawget(list, index)
    if type(text) ~= "string" then
      raise("%s: item %d is a %s, not a string; is a parameter missing?", word, index, type(text))
    elseif text:find("\0", 1, true) then
      raise("%s: item %d has a NUL byte", word, index)
    end
  end
  return table.move(list, 1, count, 1, {})
end

local function check_keys(raise, word, value, known)
  for key in next, value do
    if math.type(key) ~= "integer" and not known[key] then
      raise("%s has no option '%s'%s", word, tostring(key), suggest.hint(key, known))
    end
  end
end

local RULE_KEYS = {
  allow = { except = true, why = true },
  deny = { except = true, why = true, errno = true },
}

local SYSCALL_KEYS = { allow = {}, deny = { errno = true } }

local function check_why(raise, word, why)
  if why ~= nil and type(why) ~= "string" then
    raise("%s: why is a string, not a %s", word, type(why))
  end
  return why
end

-- The argument as a table, checked.
local function options_of(raise, word, keys, ...)
  local value = ...
  if select("#", ...) ~= 1 or (type(value) ~= "string" and type(value) ~= "table") then
    raise("%s wants one path or one list: %s { \"/a\", \"/b\" }", word, word)
  end
  local options = type(value) == "table" and value or { value }
  if word == "hide" and rawget(options, "errno") ~= nil then
    raise("hide always answers ENOENT; for another errno use deny")
  elseif keys.errno == nil and rawget(options, "errno") ~= nil then
    raise("%s has no option 'errno': only deny answers with one", word)
  end
  check_keys(raise, word, options, keys)
  return options
end

local function error_of(raise, options)
  local name = rawget(options, "errno")
  return name ~= nil and errno_number(raise, name) or 0
end

-- What is not expanded, and what is no path, with the mend that this rule needs; C says the rest.
local function check_start(raise, right, pattern)
  local name, rest = pattern:match("^%${?([%a_][%w_]*)}?(.*)$")
  if name then
    raise("pattern %q starts with '$', which is not expanded; write env.%s%s", pattern, name,
      rest ~= "" and (" .. %q"):format(rest) or "")
  elseif right == "exec" and pattern:find("^[^/~]*$") and pattern ~= "" then
    raise("pattern %q is not absolute; a program is named by its path, such as %q", pattern,
      "/usr/bin/" .. pattern)
  end
end

local function patterns_of(raise, word, right, value)
  local patterns = strings(raise, word, value)
  for _, pattern in ipairs(patterns) do
    check_start(raise, right, pattern)
  end
  return patterns
end

-- ---- allow and deny ------------------------------------------------------------------------

local function declare_paths(context, action, right, ...)
  local word = action .. "." .. right
  check_loading(context.raise, word, "return allow() or deny() there")
  local options = options_of(context.raise, word, RULE_KEYS[action], ...)
  local except = rawget(options, "except")
  local ok, sentence = core.add_rule {
    deny = action == "deny", rights = rights[right], word = right,
    patterns = patterns_of(context.raise, word, right, options),
    excepts = except ~= nil and patterns_of(context.raise, word .. ": except", right, except) or {},
    error = error_of(context.raise, options),
    why = check_why(context.raise, word, rawget(options, "why")),
    file = context.file, line = context.line(),
  }
  check(context.raise, ok, sentence)
end

-- A hidden name hides what is below it. What is no pattern stays as it was written, for the error.
local function trees(patterns)
  for index, pattern in ipairs(patterns) do
    if pattern == "/" then
      patterns[index] = "/**"
    elseif pattern:find("^/.*[^/]$") and pattern:sub(-3) ~= "/**" then
      patterns[index] = pattern .. "/**"
    end
  end
  return patterns
end

local HIDE_KEYS = { except = true, why = true }

-- hide {…}: for the target these objects do not exist.
local function new_hide(context)
  return function(...)
    check_loading(context.raise, "hide", "a handler returns deny(\"ENOENT\")")
    local options = options_of(context.raise, "hide", HIDE_KEYS, ...)
    local except = rawget(options, "except")
    local ok, sentence = core.add_rule {
      deny = true, hides = true, word = "hide", rights = hidden_rights,
      patterns = trees(patterns_of(context.raise, "hide", "hide", options)),
      excepts = except ~= nil and trees(patterns_of(context.raise, "hide: except", "hide", except))
        or {},
      error = errnos.ENOENT, why = check_why(context.raise, "hide", rawget(options, "why")),
      file = context.file, line = context.line(),
    }
    check(context.raise, ok, sentence)
  end
end

local function check_syscall(raise, action, name)
  local known = vocabulary[name]
  if not known then
    raise("unknown system call or group '%s'%s", name, suggest.hint(name, vocabulary))
  elseif action == "allow" and known ~= true then
    raise("allow.syscall \"%s\" is refused: %s", name, known)
  end
end

local function declare_syscalls(context, action, ...)
  local word = action .. ".syscall"
  check_loading(context.raise, word, "return allow() or deny() there")
  local options = options_of(context.raise, word, SYSCALL_KEYS[action], ...)
  local names = strings(context.raise, word, options)
  if #names == 0 then
    context.raise("%s names no system call", word)
  end
  for _, name in ipairs(names) do
    check_syscall(context.raise, action, name)
    check(context.raise, core.add_syscall_rule {
      deny = action == "deny", word = name, error = error_of(context.raise, options),
      file = context.file, line = context.line(),
    })
  end
end

local right_names = { syscall = true }
for right in next, rights do
  right_names[right] = true
end

-- Words that people try, and the right that they mean.
local MEANT = {
  execute = "exec", run = "exec", spawn = "exec", list = "read", ls = "read", readdir = "read",
  getdents64 = "read", view = "read", edit = "write", change = "write", append = "modify",
}

-- "create and delete", and the lines that grant them.
local function needed(action, bits)
  local words, lines = {}, {}
  for _, right in ipairs { "read", "create", "delete", "modify", "exec", "stat", "map" } do
    if bits & rights[right] ~= 0 then
      words[#words + 1] = right
      lines[#lines + 1] = action .. "." .. right
    end
  end
  local text = ("the right%s %s: %s"):format(#words > 1 and "s" or "", table.concat(words, " and "),
    table.concat(lines, " and "))
  return text .. (bits & rights.write ~= 0 and (", or %s.write for all changes"):format(action) or "")
end

-- An operation or a system call in the place of a right; nil if it is neither.
local function right_for(action, name)
  local operation = operations[name] and name or core.operation_of(name)
  if operation == "open" then
    return ("%s needs the right read, or modify, and create for what is missing: %s.read, %s.write")
      :format(name, action, action)
  end
  return operation and ("%s needs %s"):format(name, needed(action, needs[operation]))
end

local function unknown_right(context, action, right)
  local raise = context.raise
  local later = LATER_RIGHTS[right]
  if later then
    raise("'%s.%s' is not judged in this version: %s", action, right, later)
  elseif right == "hide" then
    raise("hide is a word of its own: hide { \"/path\" }")
  end
  local name = tostring(right)
  local instead = right_for(action, name)
  if instead then
    raise("there is no right '%s': %s", name, instead)
  elseif MEANT[name] then
    raise("there is no right '%s'; write %s.%s", name, action, MEANT[name])
  elseif vocabulary[name] then
    raise("there is no right '%s'; it is a system call: write %s.syscall \"%s\"", name, action, name)
  end
  raise("unknown right '%s.%s'%s", action, name, suggest.hint_or_all(right, right_names))
end

-- allow or deny for one file: allow.read {…} declares, allow() is a verdict.
local function new_action(context, action)
  local declare = {}
  for right in next, rights do
    declare[right] = function(...)
      declare_paths(context, action, right, ...)
    end
  end
  declare.syscall = function(...)
    declare_syscalls(context, action, ...)
  end
  return setmetatable({}, {
    __index = function(_, right)
      return declare[right] or unknown_right(context, action, right)
    end,
    __newindex = function()
      context.raise("%s is read-only; write %s.read { \"/path\" }", action, action)
    end,
    __call = verdicts[action],
    __metatable = false,
  })
end

-- ---- environment ---------------------------------------------------------------------------

local ENVIRONMENT_KEYS = { keep = true, drop = true }

local function check_variable(raise, name)
  if name == "" or name:find("[=/]") then
    raise("environment: %q is no name of a variable", name)
  end
end

-- environment { keep = {…}, drop = {…} }: which variables programs get.
local function new_environment(context)
  local raise = context.raise
  return function(lists, ...)
    check_loading(raise, "environment", "programs get it when they are started")
    if type(lists) ~= "table" or select("#", ...) > 0 or next(lists) == nil then
      raise("write environment { drop = { \"LD_PRELOAD\" } } or "
        .. "environment { keep = { \"PATH\", \"HOME\" } }")
    end
    for key in next, lists do
      if not ENVIRONMENT_KEYS[key] then
        raise("environment has no option '%s'%s", tostring(key), suggest.hint(key, ENVIRONMENT_KEYS))
      end
    end
    for key, add in next, { keep = core.keep_variables, drop = core.drop_variables } do
      local value = rawget(lists, key)
      if value ~= nil then
        local names = strings(raise, "environment: " .. key, value)
        if #names == 0 then
          raise("environment: %s names no variable", key)
        end
        for _, name in ipairs(names) do
          check_variable(raise, name)
        end
        check(raise, add(names))
      end
    end
  end
end

-- ---- default -------------------------------------------------------------------------------

local function new_default(context)
  local raise = context.raise
  local function set(allow, error_number)
    check_loading(raise, "default", "return a verdict there")
    check(raise, core.set_default {
      allow = allow, error = error_number, file = context.file, line = context.line(),
    })
  end
  local fields = {
    allow = function(...)
      if select("#", ...) > 0 then
        raise("default.allow() takes nothing: it is about everything that no rule names")
      end
      set(true, 0)
    end,
    deny = function(name, ...)
      if name == nil or select("#", ...) > 0 then
        raise("default.deny wants one errno: default.deny(\"EPERM\")")
      end
      set(false, errno_number(raise, name))
    end,
  }
  return import("environment").view(fields, "default", raise)
end

-- ---- on ------------------------------------------------------------------------------------

local function unknown_operation(raise, name)
  local later = LATER_OPERATIONS[name]
  if later then
    raise("'on.%s' is not judged in this version: %s", name, later)
  end
  local operation = core.operation_of(tostring(name))
  if operation then
    raise("%s is a system call, and judged by on.%s; write function on.%s(call) … end", name,
      operation, operation)
  elseif vocabulary[name] then
    raise("no operation judges the system call %s; deny.syscall \"%s\" refuses it always", name,
      name)
  end
  raise("unknown operation 'on.%s'%s", tostring(name), suggest.hint(name, operations))
end

local function new_on(context)
  local raise = context.raise
  local handlers = {}
  local function declare(_, name, handler)
    check_loading(raise, "on." .. tostring(name), "declare it at the top of the file")
    local operation = operations[name] or unknown_operation(raise, name)
    if type(handler) ~= "function" then
      raise("on.%s is a %s; write function on.%s(call) … end", name, type(handler), name)
    elseif handlers[name] then
      raise("on.%s is there already, at line %d; join the two", name, handlers[name])
    end
    local place = debug.getinfo(handler, "S")
    local line = place.source == "@" .. context.file and place.linedefined or context.line()
    handlers[name] = line
    check(raise, core.add_handler(operation, handler, context.file, line))
  end
  return setmetatable({}, {
    __index = function(_, name)
      if not operations[name] then
        unknown_operation(raise, name)
      end
      raise("on.%s can only be written: function on.%s(call) … end", name, name)
    end,
    __newindex = declare,
    __metatable = false,
  })
end

-- The words for one file.
function rules.words(context)
  return {
    allow = new_action(context, "allow"),
    deny = new_action(context, "deny"),
    hide = new_hide(context),
    environment = new_environment(context),
    default = new_default(context),
    on = new_on(context),
  }
end

return rules
