--- Policies offline: load one, ask it, assert the answer. No kernel is asked, no program is run.
--
--     local T = require "moongate.testing"
--
--     describe("build", function()
--       local p = T.load("policies/build.lua", { workdir = "/w" })
--       it("reads the toolchain", function() assert.allows(p, T.call.open "/usr/bin/cc") end)
--       it("hides keys", function() assert.denies(p, T.call.open "/home/x/.ssh/id", "ENOENT") end)
--     end)
local core = require "moongate.core"
local suggest = require "moongate.suggest"

local T = {}

-- What a policy sees unless the spec says otherwise: the same on every machine.
local DEFAULTS = {
  cwd = "/home/user/project",
  env = { HOME = "/home/user", USER = "user", LANG = "C.UTF-8", PATH = "/usr/bin:/bin" },
  search = { "policies" },
}

local LOAD_OPTIONS = { cwd = true, env = true, search = true, limits = true, chunk = true }

-- Fields of a question: those of the call object, as a policy's handler sees them, and in `access`
-- and `new_rights` what the call needs, where that is to be something else than usual.
local COMMON_FIELDS = { "op", "syscall", "pid", "tid", "uid", "gid", "exe", "cwd" }
local PATH_FIELDS = { "path", "given", "access", "missing" }

-- What an operation has: its usual system call, fields of its own, and `second`: the
-- field that T.call.OP takes behind the path.
local OPERATIONS = {
  open = { syscall = "openat", fields = { "flags", "mode" } },
  mkdir = { syscall = "mkdirat", fields = { "mode" } },
  mknod = { syscall = "mknodat", fields = { "mode" } },
  symlink = { syscall = "symlinkat", second = "target", fields = { "target" } },
  exec = { syscall = "execve", fields = { "argv", "env", "interpreter", "script" } },
  remove = { syscall = "unlinkat", fields = { "flags" } },
  rename = {
    syscall = "renameat2", second = "newpath",
    fields = { "newpath", "new_rights", "exchanges", "replaces", "flags" },
  },
  link = {
    syscall = "linkat", second = "newpath",
    fields = { "newpath", "new_rights", "flags" },
  },
  chmod = { syscall = "fchmodat", fields = { "mode" } },
  chown = { syscall = "fchownat", fields = { "owner", "group" } },
  truncate = { syscall = "truncate", fields = { "length" } },
  utime = { syscall = "utimensat", fields = { "times" } },
  setxattr = {
    syscall = "setxattr", second = "name", fields = { "name", "flags" },
  },
  getxattr = { syscall = "getxattr", second = "name", fields = { "name" } },
  stat = { syscall = "newfstatat", fields = {} },
  access = { syscall = "faccessat2", fields = { "mode" } },
  readlink = { syscall = "readlinkat", fields = {} },
  map = { syscall = "mmap", fields = {} },
  chdir = { syscall = "chdir", fields = {} },
  watch = { syscall = "inotify_add_watch", fields = {} },
  kill = { syscall = "kill", pathless = true, fields = { "signal", "to", "inside" } },
}

for _, operation in pairs(OPERATIONS) do
  operation.known = {}
  local of_path = operation.pathless and {} or PATH_FIELDS
  for _, list in ipairs { COMMON_FIELDS, of_path, operation.fields } do
    for _, field in ipairs(list) do
      operation.known[field] = true
    end
  end
end

local OWN_SOURCE = debug.getinfo(1, "S").source

-- "file:line: " of the spec's own line: neither in here nor in what asserts.
local function place()
  for level = 3, 100 do
    local frame = debug.getinfo(level, "Sl")
    if not frame then
      return ""
    elseif frame.currentline > 0 and frame.source ~= OWN_SOURCE
      and not frame.source:find("/luassert/", 1, true) then
      return ("%s:%d: "):format(frame.short_src, frame.currentline)
    end
  end
  return ""
end

local function fail(message, ...)
  error(place() .. message:format(...), 0)
end

local function check_fields(what, fields, known)
  for name in pairs(fields) do
    if not known[name] then
      fail("%s has no field '%s'%s", what, tostring(name), suggest.hint(name, known))
    end
  end
end

-- ---- loading -------------------------------------------------------------------------------

local function settings(map)
  local list = {}
  for name, value in pairs(map or {}) do
    list[#list + 1] = name .. "=" .. tostring(value)
  end
  table.sort(list)
  return list
end

local function load_options(params, options)
  options = options or {}
  check_fields("an option of load", options, LOAD_OPTIONS)
  return {
    names = {}, defines = settings(params), environment = settings(options.env or DEFAULTS.env),
    cwd = options.cwd or DEFAULTS.cwd, search = options.search or DEFAULTS.search,
    limits = options.limits, chunk = options.chunk or "policy.lua",
  }
end

local Policy = {}
Policy.__index = Policy

local function finish(loaded, problem)
  if not loaded then
    return nil, problem
  end
  return setmetatable({ loaded = loaded }, Policy)
end

--- As T.load, but returns nil and the sentence when the policy has an error.
function T.try_load(names, params, options)
  local all = load_options(params, options)
  all.names = type(names) == "table" and names or { names }
  return finish(core.load(all))
end

--- As T.load_text, but returns nil and the sentence when the policy has an error.
function T.try_load_text(text, params, options)
  local all = load_options(params, options)
  all.text = text
  return finish(core.load(all))
end

--- Loads one policy, or a list of them, by path or name.
-- @param params  table of parameters, as -D would give them
-- @param options cwd, env (a table), search (directories for names), limits
function T.load(names, params, options)
  local policy, problem = T.try_load(names, params, options)
  return policy or fail("%s", problem)
end

--- Loads a policy given as text; options.chunk is the name for messages.
function T.load_text(text, params, options)
  local policy, problem = T.try_load_text(text, params, options)
  return policy or fail("%s", problem)
end

-- ---- asking --------------------------------------------------------------------------------

-- "read,modify" → bits; `write` is what opening for writing needs: modify.
local function parse_access(text)
  local bits = 0
  for word in text:gmatch("[^,%s]+") do
    local bit = core.rights[word == "write" and "modify" or word]
    if not bit then
      fail("unknown access '%s'%s", word, suggest.hint(word, core.rights))
    end
    bits = bits | bit
  end
  return bits
end

local function parse_flags(op, text)
  local known = core.flags[op]
  local bits = 0
  for word in (text or ""):gmatch("[^|%s]+") do
    local bit = known[word]
    if not bit then
      fail("unknown flag '%s'%s", word, suggest.hint(word, known))
    end
    bits = bits | bit
  end
  return bits
end

-- What the program would need, as the supervisor works it out from flags and object.
local function rights_of(call, flags)
  if call.access then
    return parse_access(call.access)
  elseif call.op == "open" then
    local rights = core.open_rights(flags)
    local creates = call.missing and flags & core.flags.open.O_CREAT ~= 0
    return creates and rights | core.rights.create or rights
  end
  local rights = core.needs[call.op]
  return call.exchanges and rights | core.rights.create or rights
end

-- What it would need at the new name; nil where there is none.
local function new_rights_of(call)
  local rights = core.new_needs[call.op]
  if call.new_rights or rights == 0 then
    return call.new_rights and parse_access(call.new_rights)
  end
  return (call.exchanges or call.replaces) and rights | core.rights.delete or rights
end

local function check_path(word, path)
  if type(path) ~= "string" or path:sub(1, 1) ~= "/" then
    fail("a call needs an absolute %s", word)
  end
end

-- RENAME_EXCHANGE among the flags and `exchanges` mean the same.
local function with_exchange(call)
  local copy = {}
  for name, value in pairs(call) do
    copy[name] = value
  end
  local flags = call.op == "rename" and call.flags or ""
  if call.exchanges and not flags:find("RENAME_EXCHANGE", 1, true) then
    copy.flags = flags .. "|RENAME_EXCHANGE"
  end
  copy.exchanges = call.exchanges or flags:find("RENAME_EXCHANGE", 1, true) ~= nil
  return copy
end

local TIMES = { atime = true, mtime = true }

local function check_times(times)
  if type(times) ~= "table" then
    fail("times is a table: { atime = 1.5, mtime = \"now\" }")
  end
  check_fields("times", times, TIMES)
  for name, time in pairs(times) do
    if time ~= "now" and type(time) ~= "number" then
      fail("times.%s is a number of seconds or \"now\"; what is not there stays as it is",
        name)
    end
  end
end

-- argv is a list of strings.
local function check_argv(argv)
  local count = 0
  for _ in pairs(type(argv) == "table" and argv or {}) do
    count = count + 1
  end
  if type(argv) ~= "table" or count ~= #argv then
    fail("argv is a list: { \"git\", \"status\" }")
  end
  for _, word in ipairs(argv) do
    if type(word) ~= "string" then
      fail("argv is a list of strings, not of %ss", type(word))
    end
  end
end

-- { HOME = "/root" } → { "HOME=/root" }
local function list_of_environment(env)
  if type(env) ~= "table" then
    fail("env is a table: { HOME = \"/root\" }")
  end
  local list = {}
  for name, value in pairs(env) do
    if type(name) ~= "string" or type(value) ~= "string" then
      fail("env has names and strings: { HOME = \"/root\" }")
    end
    list[#list + 1] = name .. "=" .. value
  end
  return list
end

local function check_call(call)
  if type(call) ~= "table" then
    fail("a call is a table, like T.call.open { path = \"/x\" }")
  end
  local operation = OPERATIONS[call.op]
  if not operation then
    fail("unknown operation '%s'%s", tostring(call.op),
      suggest.hint(call.op, OPERATIONS))
  end
  check_fields("a call of " .. call.op, call, operation.known)
  if not operation.pathless then
    check_path("path", call.path)
  end
  if operation.known.newpath then
    check_path("newpath", call.newpath)
  end
  if call.times ~= nil then
    check_times(call.times)
  end
  if call.argv ~= nil then
    check_argv(call.argv)
  end
  return operation
end

local function question_of(call)
  local operation = check_call(call)
  local question = with_exchange(call)
  question.operation = core.operations[call.op]
  question.syscall = call.syscall or operation.syscall
  question.path = call.path or ""
  question.given = call.given or question.path
  question.env = call.env and list_of_environment(call.env)
  question.flags = parse_flags(call.op, question.flags)
  question.rights = rights_of(question, question.flags)
  question.new_rights = new_rights_of(question)
  return question
end

--- The policy's answer to a call: { verdict, source, errno, why, file, line, rule, value, data }.
function Policy:decide(call)
  return self.loaded:decide(question_of(call))
end

--- Every rule, with its hits: { words, file, line, hits, deny }.
function Policy:rules()
  return self.loaded:rules()
end

--- Every allow.syscall and deny.syscall: { word, deny, errno, file, line }.
function Policy:syscall_rules()
  return self.loaded:syscall_rules()
end

--- True if the policy opens this system call or @group by name.
function Policy:opens(word)
  for _, rule in ipairs(self:syscall_rules()) do
    if rule.word == word and not rule.deny then
      return true
    end
  end
  return false
end

--- What a run may use, as limits {…} takes it: { processes = 50, memory = bytes, wall = seconds }.
function Policy:limits()
  return self.loaded:limits()
end

--- True if programs get this variable of the environment, by environment {…}.
function Policy:keeps_variable(name)
  return self.loaded:keeps_variable(name)
end

--- The line that would allow a call.
function Policy:suggest(call)
  return self.loaded:suggest(question_of(call))
end

--- What print() and failing handlers have said since the last time.
function Policy:log()
  return self.loaded:log()
end

local function new_call(op, fields, second)
  local operation = OPERATIONS[op]
  local call = { op = op }
  if type(fields) == "string" and not operation.pathless then
    call.path = fields
  elseif type(fields) == "table" then
    for name, value in pairs(fields) do
      call[name] = value
    end
  elseif operation.pathless then
    fail("write T.call.%s { %s = … }", op, operation.fields[1])
  else
    fail("write T.call.%s \"/path\" or T.call.%s { path = \"/path\" }", op, op)
  end
  if second ~= nil and not operation.second then
    fail("T.call.%s takes one path, or one table", op)
  elseif second ~= nil then
    call[operation.second] = second
  end
  check_fields("T.call." .. op, call, operation.known)
  return call
end

--- T.call.open "/path", T.call.open { path = …, flags = "O_WRONLY|O_CREAT" },
--- T.call.rename("/path", "/newpath"), T.call.symlink("/path", "target") …
T.call = setmetatable({}, {
  __index = function(_, op)
    if not OPERATIONS[op] then
      fail("unknown operation T.call.%s%s", tostring(op), suggest.hint(op, OPERATIONS))
    end
    return function(fields, second)
      return new_call(op, fields, second)
    end
  end,
})

-- ---- assertions ----------------------------------------------------------------------------

local function describe_call(call)
  local parts = { call.op, call.path, call.newpath }
  for _, name in ipairs {
    "access", "new_rights", "exchanges", "replaces", "flags", "given", "target", "name", "missing",
    "signal", "to", "inside",
  } do
    if call[name] then
      parts[#parts + 1] = name .. "=" .. tostring(call[name])
    end
  end
  return table.concat(parts, " ")
end

local function describe_place(answer)
  if answer.line then
    return ("%s:%d"):format(answer.file, answer.line)
  end
  return answer.source == "default" and "the implied default: no rule names it" or answer.source
end

-- The whole value of a failing assertion: what decided, where, and why.
local function describe(policy, call, answer)
  local lines = {
    describe_call(call),
    ("  answered: %s%s"):format(answer.verdict, answer.errno and " " .. answer.errno or ""),
    ("  decided by: %s%s"):format(describe_place(answer),
      answer.rule and "  " .. answer.rule or answer.source == "handler" and "  handler" or ""),
  }
  if answer.why then
    lines[#lines + 1] = "  why: " .. answer.why
  end
  -- What a rule denies, or a handler refuses, no allow allows.
  if answer.verdict == "deny" and answer.source == "default" then
    lines[#lines + 1] = "  would be allowed by: " .. policy:suggest(call)
  end
  return table.concat(lines, "\n")
end

local Description = {}

local function check_policy(policy)
  if getmetatable(policy) ~= Policy then
    fail("the first argument is a policy: T.load(…)")
  end
end

-- As answers have it: some errnos have two names.
local function check_errno(name)
  local known = core.errno_name(name)
  if not known then
    fail("unknown errno '%s'%s", tostring(name), suggest.hint(name, core.errnos))
  end
  return known
end

local function report(arguments, text)
  arguments[1] = setmetatable({ text = text }, Description)
  arguments.n = 1
end

local function allows(_, arguments)
  local policy, call = arguments[1], arguments[2]
  check_policy(policy)
  local answer = policy:decide(call)
  report(arguments, describe(policy, call, answer))
  return answer.verdict == "allow"
end

local function denies(_, arguments)
  local policy, call, errno = arguments[1], arguments[2], arguments[3]
  check_policy(policy)
  errno = errno ~= nil and check_errno(errno) or nil
  local answer = policy:decide(call)
  report(arguments, describe(policy, call, answer)
    .. (errno and "\n  expected errno: " .. errno or ""))
  return answer.verdict == "deny" and answer.source ~= "failure"
    and (errno == nil or answer.errno == errno)
end

local function register()
  local assert = require "luassert"
  local say = require "say"
  say:set("assertion.allows.positive", "The policy was to allow this call:\n%s")
  say:set("assertion.allows.negative", "The policy was not to allow this call:\n%s")
  say:set("assertion.denies.positive", "The policy was to deny this call:\n%s")
  say:set("assertion.denies.negative", "The policy was not to deny this call:\n%s")
  assert:register("assertion", "allows", allows, "assertion.allows.positive",
    "assertion.allows.negative")
  assert:register("assertion", "denies", denies, "assertion.denies.positive",
    "assertion.denies.negative")
  assert:add_formatter(function(value)
    if getmetatable(value) == Description then
      return value.text
    end
  end)
end

register()

return T
