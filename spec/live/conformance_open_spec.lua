-- open and mkdir, natively and supervised, attempt by attempt: the same results, descriptors and
-- trees. MOONGATE_STRIDE=1 makes every attempt (millions; hours), not one of some dozens.
local live = require "live"

-- Differences that are documented, and why they stay.
local function only_nofollow_lost(native, supervised)
  -- An existing object is reopened through its pin, which is a link in /proc: with O_NOFOLLOW that
  -- would be ELOOP. So F_GETFL lacks O_NOFOLLOW where the target gave it.
  local bits = tonumber(native:match("NOFOLLOW.* flags (0x%x+)"))
  if not bits or bits & 0x20000 == 0 then return false end
  return native:gsub("flags 0x%x+", ("flags 0x%x"):format(bits & ~0x20000), 1) == supervised
end

-- An O_PATH open is continued, and openat2's flags would be read again: programs are sent to openat.
local function no_such_call(native, supervised)
  local attempt = native:match("^(openat2 .-|PATH[| ].-) => ")
  return attempt ~= nil and supervised:find(attempt .. " => ENOSYS", 1, true) == 1
end

local function lines_of(text)
  local lines = {}
  for line in text:gmatch("[^\n]*") do lines[#lines + 1] = line end
  return lines
end

-- What kind of difference it is: the first words that differ.
local function kind_of(native, supervised)
  local words = supervised:gmatch("%S+")
  for a in native:gmatch("%S+") do
    local b = words() or "nothing"
    local bits, other = tonumber(a), tonumber(b)
    if a ~= b and bits and other then return ("bits %#x"):format(bits ~ other) end
    if a ~= b then return a .. ", " .. b end
  end
  return "more"
end

-- The first two differences of every kind, in words.
local function differences(native, supervised)
  local expected, got = lines_of(native), lines_of(supervised)
  local said, count, kinds = {}, 0, {}
  for i = 1, math.max(#expected, #got) do
    local a, b = expected[i] or "(nothing)", got[i] or "(nothing)"
    if a ~= b and not only_nofollow_lost(a, b) and not no_such_call(a, b) then
      count = count + 1
      local attempt = a:match("^(.-) => ")
      if attempt and b:sub(1, #attempt) == attempt then
        a, b = a:sub(#attempt + 5), b:sub(#attempt + 5)
      end
      local kind = kind_of(a, b)
      kinds[kind] = (kinds[kind] or 0) + 1
      if kinds[kind] <= 2 and #said < 30 then
        said[#said + 1] = ("%s\n    natively   %s\n    supervised %s"):format(attempt or "line " .. i, a, b)
      end
    end
  end
  if count == 0 then return nil end
  return ("%d of %d lines differ:\n%s"):format(count, #expected, table.concat(said, "\n"))
end

local function compare(native, supervised)
  assert.equal(0, native.status, native.err)
  assert.truthy(native.out:find("%d+ attempts\n$"), "the program did not finish: " .. native.err)
  assert.equal(0, supervised.status, supervised.err)
  local said = differences(native.out, supervised.out)
  assert(not said, said)
  assert.equal(native.err, supervised.err)
end

-- Mounts that only the private root may have: made before the program, whose own are refused.
local prepare = [[
policy=$1 moongate=$2 program=$3 identity=$4 stride=$5
mkdir /mnt/conformance && cd /mnt/conformance && mkdir original readonly nosymfollow nodev || exit 1
echo hello >original/file && ln -s file original/link || exit 1
mount --bind original readonly && mount -o remount,bind,ro readonly || exit 1
mount -t tmpfs moongate-nosymfollow nosymfollow || exit 1
mkdir nosymfollow/directory && echo inside >nosymfollow/directory/inside
echo hello >nosymfollow/file && ln -s file nosymfollow/link && ln -s missing nosymfollow/dangling
ln -s directory nosymfollow/directory_link && mount -o remount,nosymfollow nosymfollow || exit 1
mount -t tmpfs -o nodev moongate-nodev nodev && mknod -m 666 nodev/null c 1 3 || exit 1
mkfifo -m 666 nodev/fifo
cd ..
[ -n "$policy" ] || exec "$program" "$identity" "$stride"
printf %s "$policy" >/tmp/policy.lua
exec "$moongate" run -q -p /tmp/policy.lua -- "$program" "$identity" "$stride"
]]

local function in_private_root(identity, usual_stride)
  local function run(policy)
    return live.run {
      private = true, timeout = 200,
      command = { "sh", "-c", prepare, "sh", policy, live.binary, live.program("conformance_open"),
        identity, live.stride(usual_stride) },
    }
  end
  compare(run(""), run(live.permissive))
end

local function in_a_directory(who, identity, usual_stride)
  local directory = live.directory()
  compare(live.both {
    as = who, cwd = directory, timeout = 200,
    command = { live.program("conformance_open"), identity, live.stride(usual_stride) },
  })
end

describe("open and mkdir #live", function()
  teardown(live.cleanup)

  local function root_only()
    if live.is_root() then return true end
    pending("needs root")
  end

  it("are the same for root", function()
    if root_only() then in_private_root("as-started", 47) end
  end)

  for identity, words in pairs {
    ["dropped"] = "root that became an ordinary user",
    ["grouped"] = "root that became a user with a group",
    ["no-override"] = "root without CAP_DAC_OVERRIDE",
    ["effective"] = "root with an ordinary effective user",
    ["fsuid"] = "root with an ordinary file system user",
    ["thread"] = "a thread with its own current directory and umask",
  } do
    it("are the same for " .. words, function()
      if root_only() then in_private_root(identity, 251) end
    end)
  end

  it("are the same for root on a real file system", function()
    if root_only() then in_a_directory("root", "as-started", 251) end
  end)

  it("are the same for an ordinary user", function()
    in_a_directory("user", "as-started", 97)
  end)

  it("are the same for a thread of an ordinary user", function()
    in_a_directory("user", "thread", 401)
  end)
end)
