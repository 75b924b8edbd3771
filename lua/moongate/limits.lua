-- limits { processes = 50, memory = "2G", wall = "5m" }: what a run may use.
local core, import = ...
local suggest = import "suggest"

local limits = {}

local known = core.limits() -- name → { index, unit }

local FACTORS = {
  size = { K = 1 << 10, M = 1 << 20, G = 1 << 30, T = 1 << 40, [""] = 1 },
  time = { ms = 1, s = 1000, m = 60000, h = 3600000 },
  count = {},
}

local DIGITS = { size = "^(%d+)(%a*)$", time = "^(%d+%.?%d*)(%a*)$", count = "^(%d+)(%a*)$" }

local WANTED = {
  size = "bytes, as a whole number or a text: 1048576, \"512K\", \"64M\", \"2G\"",
  time = "a duration: \"500ms\", \"1.5s\", \"5m\", \"2h\", or a number of seconds",
  count = "a whole number",
}

-- The nearest whole number of milliseconds; nil for what is no number, or none of an integer's.
local function milliseconds(number)
  return math.tointeger((number + 0.5) // 1)
end

local EXAMPLE = "limits { processes = 50, memory = \"2G\", wall = \"5m\" }"

-- In bytes, milliseconds or pieces; nil where it is none.
local function amount(value, unit)
  if type(value) == "number" then
    return unit == "time" and milliseconds(value * 1000) or math.tointeger(value)
  elseif type(value) ~= "string" then
    return nil
  end
  local digits, suffix = value:match(DIGITS[unit])
  local factor = digits and FACTORS[unit][suffix]
  if not factor or #digits > 15 then
    return nil
  elseif unit == "time" then
    return milliseconds(tonumber(digits) * factor)
  end
  return math.tointeger(tonumber(digits)) * factor
end

local function declare(raise, name, value)
  local limit = known[name]
  if type(name) == "number" then
    raise("limits takes name = value, not a list: %s", known[value] and value .. " = …" or EXAMPLE)
  elseif not limit then
    raise("limits has no '%s'%s", tostring(name), suggest.hint(name, known))
  end
  local number = amount(value, limit.unit)
  if not number or number <= 0 then
    raise("limits: %s wants %s, more than 0; not %s", name, WANTED[limit.unit],
      type(value) == "string" and ("%q"):format(value) or tostring(value))
  end
  core.set_limit(limit.index, number)
end

-- The word for one file. Of several files the smallest of each limit counts.
function limits.words(context)
  return {
    limits = function(list, ...)
      if not core.is_loading() then
        context.raise("limits belongs at the top of the file, not in a handler")
      elseif type(list) ~= "table" or select("#", ...) > 0 then
        context.raise("write " .. EXAMPLE)
      elseif next(list) == nil then
        context.raise("limits names no limit; write " .. EXAMPLE)
      end
      for name, value in next, list do
        declare(context.raise, name, value)
      end
    end,
  }
end

return limits
