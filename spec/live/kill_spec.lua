-- on.kill: which signals processes of the run may send to each other, by every call that sends one,
-- with a Landlock domain and without.
local live = require "live"

local POLICY = [[
default.allow()
function on.kill(call)
  print(("%s %s %d %s"):format(call.syscall, call.signal, call.to, tostring(call.inside)))
  if call.signal == "SIGUSR1" then return deny("EINVAL", "not this one") end
  if call.signal == "SIGUSR2" then return value(0) end
  if call.signal == "SIGHUP" then return kill("enough") end
  if call.signal == "SIGRTMIN+3" then return redirect("/dev/null") end
end
]]

local PRELUDE = [[
import ctypes, errno, os, signal, subprocess, sys, threading, time
libc = ctypes.CDLL(None, use_errno=True)
numbers = dict(kill=62, tkill=200, tgkill=234, rt_sigqueueinfo=129, rt_tgsigqueueinfo=297,
               pidfd_send_signal=424)
def call(name, *arguments):
    result = libc.syscall(numbers[name], *arguments)
    return errno.errorcode[ctypes.get_errno()] if result < 0 else result
def queue(number):
    info = (ctypes.c_int * 32)()
    info[0], info[2] = number, -1 # si_signo, si_code: SI_QUEUE
    return ctypes.byref(info)
other = os.fork()
if other == 0:
    for number in (signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, lambda number, _: os.write(1, b"got %d\n" % number))
    signal.signal(signal.SIGTERM, lambda *_: os._exit(7))
    os.write(1, b"ready\n")
    while True: time.sleep(0.01)
time.sleep(0.15)
]]

local ENDING = [[
time.sleep(0.1)
print(call("kill", other, signal.SIGTERM))
print(os.waitstatus_to_exitcode(os.waitpid(other, 0)[1]), flush=True)
]]

describe("on.kill #live", function()
  teardown(live.cleanup)

  local function run(as, args, policy, body)
    return live.run { policy = policy, as = as, args = args,
      command = { "/usr/bin/python3", "-u", "-c", PRELUDE .. body } }
  end

  for as, ways in pairs {
    user = { ["with Landlock"] = {}, ["without Landlock"] = { "--without-landlock" } },
    root = { ["with Landlock"] = {} },
  } do
    for name, args in pairs(ways) do
      describe(name .. " as " .. as, function()
        it("judges every call that sends a signal", function()
          local result = run(as, args, POLICY, [[
for number in (signal.SIGUSR1, signal.SIGUSR2, 0):
    print(call("kill", other, number), call("tkill", other, number), call("tgkill", other, other, number),
          call("rt_sigqueueinfo", other, number, queue(number)),
          call("rt_tgsigqueueinfo", other, other, number, queue(number)))
]] .. ENDING)
          assert.equal("ready\n" .. ("EINVAL "):rep(4) .. "EINVAL\n" .. "0 0 0 0 0\n0 0 0 0 0\n0\n7\n", result.out,
            result.err)
          for _, syscall in ipairs { "kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo" } do
            assert.truthy(result.err:find(syscall .. " SIGUSR1 %d+ true"), syscall .. result.err)
            assert.truthy(result.err:find(syscall .. " 0 %d+ true"), syscall .. result.err)
          end
          assert.truthy(result.err:find("denied sending SIGUSR1 to %d+ by python3.*: EINVAL .*not this one"),
            result.err)
          assert.falsy(result.err:find("to allow", 1, true))
        end)

        it("allows what it says nothing about, and delivers as the sender's", function()
          local result = run(as, args, "default.deny('EPERM') allow.exec '/**' allow.read '/**' " ..
            "allow.write '/dev/null' function on.kill(call) end", [[
parent = os.getpid()
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGRTMIN + 2])
sender = os.fork()
if sender == 0:
    os.kill(parent, signal.SIGRTMIN + 2)
    os._exit(0)
info = signal.sigtimedwait([signal.SIGRTMIN + 2], 5)
print(info.si_pid == sender, info.si_uid == os.getuid(), info.si_code)
]] .. ENDING)
          assert.equal("ready\nTrue True 0\n0\n7\n", result.out, result.err)
        end)

        it("leaves a process alone that signals itself", function()
          local result = run(as, args, [[default.allow()
            function on.kill(call) if call.signal ~= "SIGTERM" then return deny() end end]], [[
seen = []
signal.signal(signal.SIGUSR1, lambda number, _: seen.append(number))
os.kill(os.getpid(), signal.SIGUSR1)
signal.raise_signal(signal.SIGUSR1)
thread = threading.Thread(target=lambda: os.kill(os.getpid(), signal.SIGUSR1))
thread.start(); thread.join()
print(len(seen), call("kill", other, 0))
]] .. ENDING)
          assert.equal("ready\n3 EPERM\n0\n7\n", result.out, result.err)
        end)

        it("sees groups as negative numbers, and everybody as -1", function()
          local result = run(as, args, [[default.allow()
            function on.kill(call)
              print(("to %d %s"):format(call.to, tostring(call.inside)))
              if call.to == -1 then return deny("EACCES") end
            end]], [[
os.setpgid(other, other)
print(call("kill", -other, 0), call("kill", 0, 0), call("kill", -1, 0), -other, -os.getpgid(0))
]] .. ENDING)
          local group, own = result.out:match("ready\n0 0 EACCES (%-%d+) (%-%d+)\n")
          assert.truthy(group, result.out .. result.err)
          assert.truthy(result.err:find("to " .. group .. " true", 1, true), result.err)
          assert.truthy(result.err:find("to " .. own .. " true", 1, true), result.err)
          assert.truthy(result.err:find("to -1 true", 1, true), result.err)
        end)

        it("knows who is outside", function()
          local outsider = assert(io.popen("sleep 20 & echo $!"))
          local pid = outsider:read("l")
          local result = run(as, args, [[default.allow()
            function on.kill(call) print("inside " .. tostring(call.inside)) end]],
            "print(call('kill', " .. pid .. ", 0), call('kill', " .. pid .. ", 15))\n" .. ENDING)
          os.execute("kill -0 " .. pid .. " && kill " .. pid)
          outsider:close()
          assert.truthy(result.out:find("ready\nEPERM EPERM\n", 1, true), result.out .. result.err)
          assert.truthy(result.err:find("inside false", 1, true), result.err)
        end)

        it("kills the sender, and refuses what is nonsense", function()
          local result = run(as, args, POLICY, [[
print(call("kill", other, signal.SIGRTMIN + 3))
sender = os.fork()
if sender == 0:
    call("kill", other, signal.SIGHUP)
    os._exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(sender, 0)[1]))
]] .. ENDING)
          assert.equal("ready\nEPERM\n-9\n0\n7\n", result.out, result.err)
          assert.truthy(result.err:find("a signal can be allowed, refused or pretended", 1, true), result.err)
        end)

        it("leaves no other way: descriptors of processes, signal-driven input", function()
          local result = run(as, args, POLICY, [[
import fcntl
print(call("pidfd_send_signal", os.pidfd_open(other), signal.SIGUSR1, None, 0))
for command in (fcntl.F_SETOWN, 15, fcntl.F_SETSIG if hasattr(fcntl, "F_SETSIG") else 10):
    try: print(fcntl.fcntl(0, command, other))
    except OSError as error: print(errno.errorcode[error.errno])
limit = (ctypes.c_ulong * 2)(0, 0)
print(errno.errorcode[ctypes.get_errno()] if libc.prlimit(other, 0, ctypes.byref(limit), None) < 0 else 0,
      call("tkill", -1, 9), call("tgkill", other, 0, 9))
]] .. ENDING)
          assert.equal("ready\nENOSYS\nEPERM\nEPERM\nEPERM\nEPERM EINVAL EINVAL\n0\n7\n", result.out, result.err)
        end)
      end)
    end
  end

  it("writes them into the log", function()
    local log = live.directory() .. "/log"
    run(nil, { "--log", log }, POLICY, "call('kill', other, signal.SIGUSR1)\n" .. ENDING)
    local text = live.read_file(log)
    assert.truthy(text:find('"syscall":"kill","signal":"SIGUSR1","to":%d+,"verdict":"deny","errno":"EINVAL"'), text)
    assert.truthy(text:find('"signal":"SIGTERM","to":%d+,"verdict":"allow"'), text)
  end)

  it("costs nothing where no policy asks", function()
    local result = run(nil, { "--log", live.directory() .. "/log" }, "default.allow()", ENDING)
    assert.equal("ready\n0\n7\n", result.out, result.err)
    assert.falsy(result.err:find("kill", 1, true))
  end)
end)
