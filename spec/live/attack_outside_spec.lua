-- Ways out of the tree that name no path, and ways to have the supervisor do what the target may not.
local live = require "live"
local attack = require "attack"

local READER = [[
allow.exec "/**"
allow.read "/**"
deny.read "/moongate-never"
]]

local function python(script, options)
  options = options or {}
  options.command = { "python3", "-c", script }
  options.policy = options.policy or READER
  options.args = options.args or { "-q" }
  return live.run(options)
end

-- Both as root and as an ordinary user.
local function each(name, body)
  for _, who in ipairs { "root", "user" } do
    it(name .. " (as " .. who .. ")", function() body(who) end)
  end
end

describe("without a group of sockets #live", function()
  after_each(live.cleanup)

  local DATAGRAM = [[
import os, socket, sys
outside = os.environ["OUTSIDE"]
try:
    one, other = socket.socketpair(socket.AF_UNIX, %s)
    one.sendto(b"out", outside); print("sent")
except OSError as error: print(error.strerror)
]]
  for _, kind in ipairs { "socket.SOCK_DGRAM", "socket.SOCK_RAW", "socket.SOCK_DGRAM | 0x10" } do
    each("a pair cannot send to any address: " .. kind, function(who)
      local directory = live.directory()
      local server = ("python3 -c 'import socket, time; s = socket.socket(socket.AF_UNIX, "
        .. "socket.SOCK_DGRAM); s.bind(\"%s/s\"); time.sleep(10)' & for i in $(seq 100); do [ -S %s/s ] || sleep 0.1; done; "
        .. "chmod 777 %s/s"):format(directory, directory, directory)
      os.execute(server)
      local result = python(DATAGRAM:format(kind), { as = who, env = { OUTSIDE = directory .. "/s" } })
      assert.falsy(result.out:find("sent"), result.out)
      local native = live.run { as = who, env = { OUTSIDE = directory .. "/s" },
        command = { "python3", "-c", DATAGRAM:format("socket.SOCK_DGRAM") } }
      assert.equal("sent\n", native.out)
    end)
  end

  each("a stream pair works, and gets no name", function(who)
    local directory = live.directory()
    local result = python(([[
import socket
one, other = socket.socketpair()
one.send(b"x"); print(other.recv(1))
try: one.bind("%s/node")
except OSError as error: print(error.strerror)
]]):format(directory), { as = who })
    assert.equal("b'x'\nPermission denied\n", result.out)
    assert.is_nil(io.open(directory .. "/node"))
  end)

  each("System V and POSIX IPC reach nobody", function(who)
    local result = python([[
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
for name, arguments in ("shmget", (0x4d6f6f6e, 4096, 0o1666)), ("msgget", (0x4d6f6f6e, 0o1666)), \
        ("semget", (0x4d6f6f6e, 1, 0o1666)), ("mq_open", (b"/moongate-spec", 0o102, 0o666, None)):
    result = getattr(libc, name)(*arguments) if hasattr(libc, name) else -1
    print(name, os.strerror(ctypes.get_errno()) if result < 0 else "done")
]], { as = who })
    assert.falsy(result.out:find("done"), result.out)
    assert.truthy(result.out:find("shmget Operation not permitted", 1, true), result.out)
  end)
end)

describe("a root supervisor of a target that gave up its rights #live", function()
  after_each(live.cleanup)

  local DROP = "import os; os.setgroups([]); os.setresgid(2001, 2001, 2001); "
    .. "os.setresuid(2001, 2001, 2001)\n"

  it("follows no link of a process with more rights for it", function()
    local directory = live.directory()
    os.execute(("mkdir -p %s/private/in && echo SECRET > %s/private/in/s && chmod 700 %s/private"):format(
      directory, directory, directory))
    local script = ([[
import os, time
root = os.fork()
if root == 0:
    os.chdir("%s/private/in"); time.sleep(2); os._exit(0)
time.sleep(0.3)
%s
for name in "cwd/s", "root/%s/private/in/s", "exe", "fd/0":
    try: print(name[:4], open("/proc/%%d/%%s" %% (root, name), "rb").read(6))
    except OSError as error: print(name[:4], error.strerror)
os.kill(os.getpid(), 0)
]]):format(directory, DROP, directory)
    local supervised = python(script)
    local native = live.run { command = { "python3", "-c", script } }
    assert.falsy(supervised.out:find("SECRET"), supervised.out)
    assert.equal(native.out, supervised.out)
  end)

  it("notices rights that exec takes away", function()
    if not live.is_root() then return pending("needs root") end
    local directory = live.directory()
    os.execute(("echo SECRET > %s/s && chown 3000 %s/s && chmod 0 %s/s"):format(
      directory, directory, directory))
    local script = ([[
import ctypes, os
libc = ctypes.CDLL(None)
for capability in range(41): libc.prctl(24, capability, 0, 0, 0)
os.execv("/bin/cat", ["cat", "%s/s"])
]]):format(directory)
    local result = python(script)
    assert.equal("", result.out)
    assert.truthy(result.err:find("Permission denied", 1, true), result.err)
  end)

  it("shows nothing of itself under a policy that allows everything", function()
    local result = live.run {
      policy = "default.allow()\n\n", args = { "-q" }, env = { HIDDEN = "SECRET" },
      command = [[guard=$PPID; s=$(sed -n 's/^PPid:[^0-9]*//p' /proc/$guard/status 2>/dev/null)
        unset HIDDEN
        for pid in $guard $s $(seq $((guard - 3)) $((guard - 1))); do
          tr '\0' '\n' < /proc/$pid/environ 2>/dev/null | grep HIDDEN; done; echo looked]],
    }
    assert.equal("looked\n", result.out)
  end)
end)

describe("SIGKILL to the whole process group #live", function()
  after_each(live.cleanup)

  each("leaves nobody behind, not even who left the group", function(who)
    local beat = live.directory() .. "/beat"
    -- timeout makes a group of its own, and kills all of it: the supervisor at the same moment as the rest
    local words = ("timeout -s KILL 1 %s run -q -p %s -- %s %s"):format(live.binary,
      live.directory() .. "/policy.lua", live.program("attack_live"), beat)
    local policy = words:match("-p (%S+)")
    live.write_file(policy, READER .. ("allow.write %q\n"):format(beat))
    os.execute("chmod 644 " .. policy)
    live.run { command = words, as = who }
    os.execute("sleep 0.3")
    local before = live.read_file(beat)
    os.execute("sleep 0.5")
    assert.truthy(#before > 0)
    assert.equal(before, live.read_file(beat))
  end)
end)

describe("an open #live", function()
  after_each(live.cleanup)

  it("that fails with ESRCH fails, and does not hang", function()
    local script = [[
import os, time
child = os.fork()
if child == 0: os._exit(0)
time.sleep(0.2)
try: open("/proc/%d/environ" % child)
except OSError as error: print(error.strerror)
]]
    local native = live.run { command = { "/usr/bin/python3", "-c", script } }
    assert.equal(live.is_root() and "No such process\n" or "Permission denied\n", native.out)
    assert.equal(native.out, python(script, { timeout = 5 }).out)
  end)

  it("below a directory stays below it while others move it", function()
    local directory = live.directory()
    local result = live.run {
      policy = READER .. ("allow.write %q\nallow.syscall '@rename'\n"):format(directory .. "/**"),
      args = { "-q" }, cwd = directory, command = { live.program("attack_beneath"), "2" },
    }
    assert.equal(0, result.status)
    assert.truthy(result.out:find("^%d+ opened, 0 outside\n$"), result.out .. result.err)
  end)

  it("works when Moongate was started without standard descriptors", function()
    local log = live.directory() .. "/log"
    local result = live.run { command = ("%s run -q -p readonly --log %s -- sh -c 'cat /etc/hostname "
      .. "> /tmp/x$$; cat /tmp/x$$ >&5; rm -f /tmp/x$$' 5>&1 <&- >&- 2>&-"):format(live.binary, log) }
    assert.equal(live.read_file("/etc/hostname"), result.out)
    assert.truthy(#live.read_file(log) > 0)
  end)
end)

describe("whatever a policy allows #live", function()
  after_each(live.cleanup)

  local ALL = 'allow.read "/**" allow.write "/**" allow.exec "/**"\n'

  attack.each(it, "memory, others' settings and devices are not written or made", function(who)
    local result = attack.supervised { as = who, policy = ALL, script = [[
(: 3<>/proc/self/mem) 2>/dev/null && echo own memory
(echo 900 >/proc/$O/oom_score_adj) 2>/dev/null && echo outside
(echo 900 >/proc/self/oom_score_adj) 2>/dev/null && echo own setting
[ $(id -u) = 0 ] && mknod node c 1 3 2>/dev/null && echo node
mkfifo fifo && echo fifo; cat /proc/$O/oom_score_adj]] }
    assert.equal("own setting\nfifo\n0\n", result.out, result.err)
  end)

  -- With such a domain the kernel refuses it.
  attack.each(it, "a directory of /proc is no pidfd of a process outside, without Landlock either", function(who)
    for _, options in ipairs { "", "--without-landlock" } do
      local result = attack.supervised { as = who, policy = ALL, options = options, script = [[
python3 -c 'if True:
  import os, signal, sys
  try: signal.pidfd_send_signal(os.open("/proc/" + sys.argv[1], os.O_RDONLY | os.O_DIRECTORY), signal.SIGKILL)
  except OSError: print("refused")' $O; sleep 0.1; cat /proc/$O/comm]] }
      assert.equal("refused\nsleep\n", result.out, result.err)
    end
  end)

  attack.each(it, "no pidfd reaches a process outside: a socket's other end, or the group of one's own", function(who)
    local inner = [[
import array, ctypes, os, signal, socket
libc = ctypes.CDLL(None, use_errno=True)
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
outside = socket.socket(fileno=os.dup(0))
received = array.array("i", outside.recvmsg(1, socket.CMSG_SPACE(4))[1][0][2])[0]
print(libc.syscall(424, received, signal.SIGUSR1, None, 0))
try: libc.syscall(424, outside.getsockopt(socket.SOL_SOCKET, 77), signal.SIGUSR1, None, 0)
except OSError: pass
try: outside.setsockopt(socket.SOL_SOCKET, 76, 1); print("passed")
except OSError: print("refused")
own = os.pidfd_open(os.getpid())
libc.syscall(424, own, signal.SIGUSR1, None, 4)
print(libc.syscall(424, own, signal.SIGUSR1, None, 0))
print(libc.syscall(424, 0, signal.SIGUSR1, None, 0), ctypes.get_errno())]]
    local outer = [[
import array, os, signal, socket, subprocess, sys
got = []
signal.signal(signal.SIGUSR1, lambda *_: got.append("outside"))
ours, theirs = socket.socketpair()
ours.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [os.pidfd_open(os.getpid())]))])
run = subprocess.run(sys.argv[1:], stdin=theirs, stdout=subprocess.PIPE)
print(run.returncode, *run.stdout.decode().split(), *got)]]
    local policy = live.directory() .. "/policy.lua"
    live.write_file(policy, ALL .. 'allow.syscall "@unix"')
    for option, passed in pairs { ["-q"] = "passed", ["--without-landlock"] = "refused" } do
      local result = live.run { as = who, command = { "/usr/bin/python3", "-c", outer, live.binary, "run", "-q", option,
        "-p", policy, "--", "/usr/bin/python3", "-c", inner } }
      assert.equal(("0 -1 %s 0 -1 9\n"):format(passed), result.out, result.err)
    end
  end)

  -- A parent that ends while the chain of parents is followed is no reason to say no.
  attack.each(it, "a child is one's own while the parents above end", function(who)
    local result = live.run { as = who, policy = ALL, args = { "-q", "--without-landlock" }, timeout = 60,
      command = { live.program "family", "60" } }
    assert.equal("0 of 24000\n", result.out, result.err)
  end)

  attack.each(it, "a pidfd finds fault in the kernel's order, and numbers that mean oneself work", function(who)
    local script = [[
import ctypes, errno, os, signal
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_long]
signal.signal(signal.SIGUSR1, lambda *_: None)
def send(fd, number, information, flags):
    print(libc.syscall(424, fd, number, information, flags), errno.errorcode.get(ctypes.get_errno()))
    ctypes.set_errno(0)
child = os.fork()
if child == 0: os._exit(0)
gone = os.pidfd_open(child)
os.waitpid(child, 0)
own = os.pidfd_open(os.getpid())
for fd in gone, own, -10000, -10001, 0, 99:
    send(fd, signal.SIGUSR1, None, 0)
    send(fd, signal.SIGUSR1, 8, 0)
    send(fd, signal.SIGUSR1, None, 64)
    send(fd, 99, None, 0)]]
    local command = { "/usr/bin/python3", "-c", script }
    local native = live.run { as = who, command = command }
    local result = live.run { as = who, policy = ALL, args = { "-q", "--without-landlock" }, command = command }
    assert.equal(native.out, result.out, result.err)
  end)

  attack.each(it, "nobody is compared with a process outside, in whatever order", function(who)
    for _, options in ipairs { "", "--without-landlock" } do
      local result = attack.supervised { as = who, policy = ALL .. 'allow.syscall "@debug"', options = options, script = [[
python3 -c 'if True:
  import ctypes, errno, os, sys
  libc = ctypes.CDLL(None, use_errno=True); own, outside = os.getpid(), int(sys.argv[1])
  for one, other in (own, own), (own, outside), (outside, own):
    print(libc.syscall(312, one, other, 1, 0, 0), errno.errorcode.get(ctypes.get_errno()))' $O]] }
      assert.equal("0 None\n-1 EPERM\n-1 EPERM\n", result.out, result.err)
    end
  end)
end)
