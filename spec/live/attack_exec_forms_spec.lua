-- Programs that may not run, started in every way there is; and ways to see or to escape the look at them.
local live = require "live"
local attack = require "attack"

-- Prints, for each way, what became of GOOD and of EVIL: how its process ended, or an error. x86-64 numbers.
local WAYS = [[
import ctypes, errno, os, subprocess, sys, threading
libc = ctypes.CDLL(None, use_errno=True)
EXECVEAT, EMPTY = 322, 0x1000
def words(*texts): return (ctypes.c_char_p * (len(texts) + 1))(*texts, None)
def execveat(fd, name, flags):
    libc.syscall(EXECVEAT, fd, name.encode(), words(b"x"), words(b"A=1"), flags)
    raise OSError(ctypes.get_errno(), "")
def plainly(path): os.execv(path, ["x"])
def by_link(path):
    link = ROOT + "/link%d" % os.getpid(); os.symlink(path, link); os.execv(link, ["x"])
def relative(path): os.chdir(os.path.dirname(path)); os.execv("./" + os.path.basename(path), ["x"])
def in_directory(path): execveat(os.open(os.path.dirname(path), os.O_PATH), os.path.basename(path), 0)
def by_descriptor(path): execveat(os.open(path, os.O_RDONLY), "", EMPTY)
def by_path_descriptor(path): execveat(os.open(path, os.O_PATH), "", EMPTY)
def by_number(path): fd = os.open(path, os.O_RDONLY); os.execv("/proc/self/fd/%d" % fd, ["x"])
def by_dev(path): fd = os.open(path, os.O_RDONLY); os.execv("/dev/fd/%d" % fd, ["x"])
def fexecve(path): os.execve(os.open(path, os.O_RDONLY), ["x"], {})
def in_thread(path):
    failed = []
    def run():
        try: os.execv(path, ["x"])
        except OSError as error: failed.append(error)
    thread = threading.Thread(target=run); thread.start(); thread.join()
    raise failed[0]
def spawned(path): os._exit(os.waitstatus_to_exitcode(os.waitpid(os.posix_spawn(path, ["x"], {}), 0)[1]))
def by_vfork(path): os._exit(subprocess.run([path], executable=path).returncode)
def as_interpreter(path):
    name = ROOT + "/script%d" % os.getpid()
    with open(name, "w") as file: file.write("#!" + path + "\n")
    os.chmod(name, 0o755); os.execv(name, ["x"])
def as_interpreters_interpreter(path):
    inner, outer = ROOT + "/inner%d" % os.getpid(), ROOT + "/outer%d" % os.getpid()
    for name, next in (inner, path), (outer, inner):
        with open(name, "w") as file: file.write("#!" + next + "\n")
        os.chmod(name, 0o755)
    os.execv(outer, ["x"])
ROOT = sys.argv[1]
for way in (plainly, by_link, relative, in_directory, by_descriptor, by_path_descriptor, by_number, by_dev, fexecve,
            in_thread, spawned, by_vfork, as_interpreter, as_interpreters_interpreter):
    said = []
    for name in "good", "evil":
        pid = os.fork()
        if pid == 0:
            try: way(ROOT + "/" + name)
            except OSError as error: os._exit(100 + error.errno)
            os._exit(99)
        said.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    print(way.__name__, *said)
]]

describe("ways to execute", function()
  after_each(live.cleanup)

  attack.each(it, "lead to what may run, and to nothing else", function(who)
    if live.run { command = "uname -m" }.out ~= "x86_64\n" then return pending("knows the numbers of x86-64") end
    local root = live.directory()
    live.write_file(root .. "/c", "int main(void) { return WORD; }\n")
    if not os.execute(("cd %s && cc -x c -DWORD=7 -o good c && cc -x c -DWORD=66 -o evil c"):format(root)) then
      return pending("needs cc")
    end
    live.write_file(root .. "/ways.py", WAYS)
    local policy = ([[
allow.read "/**"
allow.write { "ROOT/**", "/dev/null" }
allow.exec { "/usr/**", "ROOT/good", "ROOT/script*", "ROOT/inner*", "ROOT/outer*" }
]]):gsub("ROOT", root)
    local command = { "/usr/bin/python3", root .. "/ways.py", root }
    local native = live.run { as = who, command = command, timeout = 60 }
    local result = live.run { as = who, policy = policy, args = { "-q" }, command = command, timeout = 60 }
    local count = 0
    for way, good, evil in native.out:gmatch("(%S+) (%d+) (%d+)\n") do
      assert.same({ way, "7", "66" }, { way, good, evil })
      local supervised_good, supervised_evil = result.out:match("%f[%w_]" .. way .. " (%d+) (%d+)\n")
      assert.equal("7", supervised_good, way .. result.err)
      assert.equal("113", supervised_evil, way) -- 100 + EACCES
      count = count + 1
    end
    assert.equal(14, count, native.out .. native.err)
  end)

  attack.each(it, "a filter of the program's own narrows, and opens nothing", function(who)
    local root, policy = attack.ground(who, 'deny.exec "/usr/bin/id"\n')
    local nested = live.program "nested"
    for _, filter in ipairs { "plain", "refuse ptrace EPERM", "refuse openat2 ENOSYS" } do
      local result = live.run { as = who, policy = policy, args = { "-q" }, command =
        ("%s %s sh -c 'cat %s/open/data; cat %s/shut/data; id; mkdir %s/shut/new'"):format(nested, filter, root, root, root) }
      assert.equal("innocent\n", result.out, result.err)
      local _, refused = result.err:gsub("Permission denied", "")
      assert.equal(3, refused, result.err)
    end
    local log = root .. "/log"
    local result = live.run { as = who, policy = policy, args = { "-q", "--log", log }, command = {
      nested, "refuse", "landlock_restrict_self", "EPERM", nested, "listener", "true" } }
    assert.equal(2, result.status) -- there is one listener: ours
  end)

  it("a program with the set-user-id bit gains nothing by it", function()
    if not live.is_root() then return pending("needs root") end
    local root = live.directory()
    os.execute(("cp /usr/bin/id %s/id && chmod 4755 %s/id"):format(root, root))
    local options = { as = "user", command = { root .. "/id", "-u" } }
    if live.run(options).out ~= "0\n" then return pending("needs a file system that knows the bit") end
    options.policy, options.args = live.permissive, { "-q" }
    assert.equal(live.user_id .. "\n", live.run(options).out)
  end)

  attack.each(it, "a program that can't be read would blind a user's supervisor", function(who)
    if not live.is_root() then return pending("needs root") end
    local root = live.directory()
    os.execute(("cp /usr/bin/true %s/true && chmod 111 %s/true"):format(root, root))
    assert.equal(0, live.run { as = who, command = { root .. "/true" } }.status)
    local result = live.run { as = who, command = { "sh", "-c", root .. "/true" }, policy = live.permissive }
    assert.equal(who == "root" and 0 or 126, result.status, result.err)
    if who == "user" then assert.truthy(result.err:find('denied running "' .. root .. "/true", 1, true), result.err) end
  end)

  attack.each(it, "what looks into processes, or outlives them, is shut", function(who)
    if live.run { command = "uname -m" }.out ~= "x86_64\n" then return pending("knows the numbers of x86-64") end
    local script = [[
import ctypes, errno, os
libc = ctypes.CDLL(None, use_errno=True)
for name, *arguments in (("kcmp", 312, os.getpid(), os.getpid(), 0, 0, 0), ("perf_event_open", 298, 0, 0, -1, -1, 0),
    ("keyctl", 250, 0, -3, 1), ("add_key", 248, 0, 0, 0, 0, 0), ("request_key", 249, 0, 0, 0, 0), ("bpf", 321, 0, 0, 0),
    ("pidfd_getfd", 438, -1, 0, 0), ("process_madvise", 440, -1, 0, 0, 0, 0), ("ptrace", 101, 16, 1, 0, 0)):
    print(name, errno.errorcode[ctypes.get_errno()] if libc.syscall(*arguments) < 0 else "ok")
]]
    local result = live.run { as = who, command = { "/usr/bin/python3", "-c", script }, args = { "-q" },
      policy = "default.allow()\ndeny.read '/moongate-never'" }
    local refused = 0
    for name, said in result.out:gmatch("(%S+) (%S+)\n") do
      assert.equal(name .. " EPERM", name .. " " .. said)
      refused = refused + 1
    end
    assert.equal(9, refused, result.out .. result.err)
  end)

  attack.each(it, "a policy that the program rewrites is the next run's", function(who)
    local root, policy = attack.ground(who)
    live.write_file(root .. "/open/text", policy)
    local result = live.run { as = who, cwd = root, command = ([[
cat open/text >open/policy.lua && chmod 644 open/policy.lua
%s run -p open/policy.lua -- sh -c 'echo "default.allow()" >open/policy.lua; cat shut/data; cat open/policy.lua'
]]):format(live.binary) }
    assert.equal("default.allow()\n", result.out, result.err)
    assert.truthy(result.err:find("shut/data: Permission denied", 1, true), result.err)
    local note = "note: the policy lets the program write the policy " .. root .. "/open/policy.lua\n"
    assert.truthy(result.err:find(note, 1, true), result.err)
    local quiet = live.run { as = who, policy = policy, command = "true" }
    assert.falsy(quiet.err:find("write the policy", 1, true), quiet.err)
  end)
end)
