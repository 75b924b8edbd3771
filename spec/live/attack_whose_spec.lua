local live = require "live"
local attack = require "attack"

-- The supervisor may do more than a target that gave privileges up. What it does for the target is what the
-- kernel would do for it: natively and supervised, every call on objects of many owners tells the same.
describe("whose power is used #live", function()
  after_each(live.cleanup)

  local policy = [[
allow.read "/**"
allow.write "/**"
allow.exec "/**"
deny.read "/moongate-never"
deny.write "/moongate-never"
deny.stat "/moongate-never"
allow.syscall { "@file-change", "@file-ioctl" }
]]

  local function different(native, seen)
    local wanted, got, list = attack.lines(native), attack.lines(seen), {}
    for i = 1, math.max(#wanted, #got) do
      if wanted[i] ~= got[i] then list[#list + 1] = tostring(got[i]) .. " | natively " .. tostring(wanted[i]) end
    end
    return list
  end

  local function count(text, pattern)
    local _, number = text:gsub(pattern, "")
    return number
  end

  --- In a private root: the objects that it makes are root's, and some are immutable. What each way brought.
  local function as_root(list)
    local script = { "cd $(mktemp -d /work.tmp/XXXXXX) && chmod 777 . || exit" }
    for i, way in ipairs(list) do
      script[#script + 1] = ("echo '== %s'; mkdir -m 777 %d && (cd %d && setpriv --no-new-privs %s %s) || echo failed")
        :format(way, i, i, live.program("attack_whose"), way)
    end
    local native, seen = live.both { private = true, policy = policy, timeout = 90,
      command = table.concat(script, "\n") }
    assert.equal("", native.err .. seen.err)
    assert.same({}, different(native, seen))
    local found = {}
    for way, out in native.out:gmatch("== ([^\n]*)\n([^=]*)") do found[way] = out end
    return found
  end

  -- Those that are refused little.
  local powerful = { nothing = true, ["file-system-group"] = true, ["real-user"] = true, ["all-but-some"] = true,
    ["owner-of-all"] = true, ["exec not-effective"] = true }

  local groups = {
    { "nothing", "user", "grouped", "stranger" },
    { "effective-user", "real-user", "file-system-user", "file-system-group" },
    { "powerless", "not-effective", "owner-of-all", "reader-of-all" },
    { "all-but-some", "user-with-some", "user-again" },
    { "exec user", "exec powerless", "exec not-effective", "exec effective-user" },
    { "thread user", "thread powerless", "thread file-system-user" },
  }

  if live.is_root() then
    for _, group in ipairs(groups) do
      it("root's supervisor, and the target gave up: " .. table.concat(group, ", "), function()
        local found = as_root(group)
        for _, way in ipairs(group) do
          local out = assert(found[way], way)
          local refused = count(out, " EPERM[^%u]") + count(out, " EACCES[^%u]")
          assert.is_true(count(out, "\n") > 1000 and count(out, " ok") > 200, way)
          assert.is_true(refused > (powerful[way] and 0 or 150), way .. ": " .. refused)
        end
      end)
    end

    it("many users in one process, at the same time", function()
      local result = live.run { private = true, policy = policy, args = { "-q" }, timeout = 60,
        command = "cd $(mktemp -d /work.tmp/XXXXXX) && chmod 777 . && " .. live.program("attack_mixed") .. " 3" }
      assert.equal("done=0 refused=0 owner=0\n", result.out, result.err)
    end)
  end

  it("what dropped root opens in /proc is what it may, by effective ids and capabilities", function()
    if not live.is_root() then return pending("needs root") end
    local native, seen = live.both { args = { "-q" }, command = { "/usr/bin/python3", "-c", [[
import ctypes, errno, mmap, os
libc = ctypes.CDLL(None)
with open("/bin/true", "rb") as file:
    mapped = mmap.mmap(file.fileno(), 4096, prot=mmap.PROT_READ)
area = [line.split()[0] for line in open("/proc/self/maps") if line.rstrip().endswith("/true")][0]
os.setgroups([]); os.setresgid(2001, 2001, 2001); os.setresuid(2001, 2001, 2001)
libc.prctl(4, 1) # PR_SET_DUMPABLE
def attempt(path, flags):
    try: os.close(os.open(path, flags)); return "opened"
    except OSError as error: return errno.errorcode[error.errno]
for path in ("/proc/sys/kernel/domainname", "/proc/sys/fs/protected_symlinks", "/proc/self/setgroups",
             "/proc/self/uid_map", "/proc/self/map_files/" + area, "/proc/self/maps", "/proc/self/comm"):
    print(path.rsplit("/", 1)[1] if "map_files" not in path else "mapping",
          attempt(path, os.O_RDONLY), attempt(path, os.O_WRONLY), os.access(path, os.W_OK))]] } }
    assert.equal(native.out, seen.out, seen.err)
    assert.truthy(seen.out:find("domainname opened EACCES False", 1, true), seen.out)
    assert.truthy(seen.out:find("mapping EPERM", 1, true), seen.out)
  end)

  it("a user's supervisor has no more than the user", function()
    local function ground()
      local root = live.directory()
      -- What root can make, the target finds; what it makes itself is its own.
      if live.is_root() then
        attack.shell("cd " .. root .. [[ && umask 0 && mkdir root sticky setgid theirs mine closed searchable open spare &&
          chmod 755 root theirs && chmod 1777 sticky && chown 0:4000 setgid && chmod 2777 setgid && chown 3000 theirs &&
          chmod 711 searchable && chmod 700 closed && chown 2001:2001 mine && chmod 755 mine && echo x >root/file &&
          echo x >root/all && echo x >root/secret && chmod 600 root/secret && chmod 644 root/file && mkdir root/inner &&
          echo x >sticky/theirs && chown 3000 sticky/theirs && echo x >setgid/grouped && chmod 660 setgid/grouped &&
          echo x >theirs/file && chmod 644 theirs/file && echo x >theirs/all && chown 3000 theirs/* && echo x >mine/foreign &&
          chmod 644 mine/foreign && mkdir -m 700 mine/inner && echo x >closed/file && echo x >searchable/file &&
          echo x >open/file && chmod 644 open/file searchable/file && ln -s innocent root/link]])
      end
      return root
    end
    local function run(root, supervised)
      local words = { live.program("attack_whose"), "nothing" }
      if supervised then
        live.write_file(root .. "/policy.lua", policy)
        words = { live.binary, "run", "-q", "-p", "policy.lua", "--", table.unpack(words) }
      end
      return live.run { as = "user", cwd = root, command = words, timeout = 90 }
    end
    local native, seen = run(ground()), run(ground(), true)
    assert.equal(0, native.status, native.err)
    assert.same({}, different(native, seen))
    if live.is_root() then assert.is_true(count(native.out, " EPERM\n") + count(native.out, " EACCES\n") > 300) end
  end)
end)
