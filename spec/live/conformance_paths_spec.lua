-- The calls that take a path and give no descriptor, natively and supervised, attempt by attempt: the
-- same results, data and trees. MOONGATE_STRIDE=1 makes every attempt, not one of some dozens (hours).
local live = require "live"

local function lines_of(text)
  local lines = {}
  for line in text:gmatch("([^\n]*)\n") do lines[#lines + 1] = line end
  return lines
end

-- The difference that docs/design.md names: where credentials change, who opened a descriptor can't be told.
local function opener_unknown(native, supervised)
  local attempt = native:match("^(linkat%(DESCRIPTOR, \"\", .-AT_EMPTY_PATH.-) => ")
  return attempt ~= nil and supervised:find(attempt .. " => ENOENT", 1, true) == 1
end

-- And removing an entry of one's own /proc/self/fd: refused both ways, by another word.
local function own_descriptor_removed(native, supervised)
  local call, attempt, word, rest = native:match('^(%l+)(%(.-"/proc/self/fd/%d+".-) => (%u+)(.*)$')
  if not ({ unlink = true, rmdir = true, unlinkat = true })[call] then return false end
  return (word == "EPERM" or word == "ENOTDIR") and supervised == call .. attempt .. " => EACCES" .. rest
end

-- The first twenty differences, and how many there are of each call.
local function differences(native, supervised, known)
  local expected, got = lines_of(native), lines_of(supervised)
  local said, count, calls, names = {}, 0, {}, {}
  for i = 1, math.max(#expected, #got) do
    local a, b = expected[i] or "(nothing)", got[i] or "(nothing)"
    if a ~= b and not own_descriptor_removed(a, b) and not (known and known(a, b)) then
      count = count + 1
      local call = a:match("^([%w_]+)%(") or "other"
      if not calls[call] then names[#names + 1] = call end
      calls[call] = (calls[call] or 0) + 1
      if #said < 20 then
        local attempt = a:match("^(.-) => ") or "line " .. i
        local function result(line)
          if line:sub(1, #attempt + 4) == attempt .. " => " then return line:sub(#attempt + 5) end
          return line
        end
        said[#said + 1] = ("%s\n    natively   %s\n    supervised %s"):format(attempt, result(a), result(b))
      end
    end
  end
  if count == 0 then return nil end
  for i, name in ipairs(names) do names[i] = name .. " " .. calls[name] end
  return ("%d of %d lines differ (%s):\n%s"):format(count, #expected, table.concat(names, ", "),
    table.concat(said, "\n"))
end

local function compare(native, supervised, known)
  assert.equal(0, native.status, native.err)
  assert.truthy(native.out:find("%d+ attempts\n$"), "the program did not finish: " .. native.err)
  local said = differences(native.out, supervised.out, known)
  assert(not said, said and said .. "\n" .. supervised.err)
  assert.equal(0, supervised.status, supervised.err)
  assert.equal(native.err, supervised.err)
end

-- The program forks for every attempt; without this each child would look up its own functions.
local env = { LD_BIND_NOW = "1" }

local in_root = [[
policy=$1 moongate=$2 program=$3
shift 3
mkdir -m 777 /mnt/paths
set -- "$program" /mnt/paths "$@"
[ -n "$policy" ] || exec "$@"
printf %s "$policy" >/tmp/policy.lua
exec "$moongate" run -q -p /tmp/policy.lua -- "$@"
]]

-- On tmpfs: the root is one.
local function in_private_root(identity, usual_stride, known)
  local function run(policy)
    return live.run {
      private = true, timeout = 250, env = env,
      command = { "sh", "-c", in_root, "sh", policy, live.binary, live.program("conformance_paths"),
        identity, live.stride(usual_stride) },
    }
  end
  compare(run(""), run(live.permissive), known)
end

-- Where temporary files are. What is root's there, root has made before.
local function in_a_directory(who, identity, usual_stride)
  local directory = live.directory()
  local program = live.program("conformance_paths")
  local prepared = live.run { command = { program, directory, "prepare" } }
  assert.equal(0, prepared.status, prepared.err)
  compare(live.both {
    as = who, timeout = 250, env = env,
    command = { program, directory, identity, live.stride(usual_stride) },
  })
end

describe("calls with paths #live", function()
  teardown(live.cleanup)

  local function root_only()
    if live.is_root() then return true end
    pending("needs root")
  end

  it("are the same for root", function()
    if root_only() then in_private_root("as-started", 79) end
  end)

  for _, who in ipairs {
    { "dropped", "root that became an ordinary user", 127, opener_unknown },
    { "grouped", "root that became a user with a group", 307, opener_unknown },
    { "no-override", "root without CAP_DAC_OVERRIDE", 157 },
    { "effective", "root with an ordinary effective user", 311, opener_unknown },
    { "fsuid", "root with an ordinary file system user", 317, opener_unknown },
    { "thread", "a thread with its own current directory and umask", 313 },
  } do
    it("are the same for " .. who[2], function()
      if root_only() then in_private_root(who[1], who[3], who[4]) end
    end)
  end

  it("are the same for root on a real file system", function()
    if root_only() then in_a_directory("root", "as-started", 167) end
  end)

  it("are the same for an ordinary user", function()
    in_a_directory("user", "as-started", 89)
  end)

  it("are the same for a thread of an ordinary user", function()
    in_a_directory("user", "thread", 283)
  end)
end)
