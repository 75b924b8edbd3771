-- limits {…}: each holds for the whole run, as root and as an ordinary user; and what ends a run that
-- its command does not end.
local live = require "live"

local python = "/usr/bin/python3"

describe("limits #live", function()
  teardown(live.cleanup)

  local function run(limits, command, as, options)
    options = options or {}
    return live.run {
      policy = "default.allow() limits { " .. limits .. " }", command = command, as = as,
      timeout = options.timeout, env = options.env, args = options.args,
    }
  end

  local function survivors(word)
    local pipe = assert(io.popen("pgrep -f " .. live.quote(word) .. " | wc -l"))
    local count = tonumber(pipe:read("l"))
    pipe:close()
    return count
  end

  -- With sanitizers everything takes longer: there one of them is enough.
  for _, as in ipairs(os.getenv "MOONGATE_SPARSE" and { "root" } or { "user", "root" }) do
    describe("as " .. as, function()
      it("processes: a bomb of forks has so many at the same time, and no more", function()
        local result = run("processes = 20, wall = '15s'", { python, "-c", [[
import os, signal, sys, time
made = 0
for _ in range(100):
    try:
        if os.fork() == 0:
            for _ in range(3):
                try:
                    if os.fork() == 0: break
                except OSError: pass
            time.sleep(60)
        made += 1
    except BlockingIOError:
        pass
time.sleep(0.3)
print(made)
count = 0
for pid in os.listdir("/proc"):
    if not pid.isdigit(): continue
    try: words = open("/proc/%s/cmdline" % pid, "rb").read().split(b"\0")
    except OSError: continue
    count += words[0].endswith(b"python3") and words[-2] == b"this-is-the-bomb"
print(count)
os.kill(0, signal.SIGKILL)]], "this-is-the-bomb" }, as)
        local made, count = result.out:match("^(%d+)\n(%d+)\n")
        assert.truthy(made, result.out .. result.err)
        assert.is_true(tonumber(made) < 20, made)
        assert.equal(20, tonumber(count))
        assert.truthy(result.err:find("as many processes as the policy's limits let there be", 1, true), result.err)
      end)

      it("processes: many, one after the other, and threads, are no matter", function()
        local result = run("processes = 5", { "bash", "-c",
          "for i in $(seq 100); do /bin/true || exit 9; done; " .. python .. [[ -c '
import threading
threads = [threading.Thread(target=__import__("time").sleep, args=(0.2,)) for _ in range(40)]
for t in threads: t.start()
for t in threads: t.join()'; echo $?; seq 3 | sort | tail -1]] }, as)
        assert.equal("0\n3\n", result.out, result.err)
      end)

      -- Forks that were let through and wait in the kernel were not counted, and children whose parent
      -- ended while the tree was counted were missed: 121 processes lived under a limit of 30.
      for _, which in ipairs { "threads", "orphans" } do
        it("processes: none is missed by a count, " .. which, function()
          local result = run("processes = 20, wall = '90s'",
            { live.program("attack_forks"), which, "20" }, as, { timeout = 100, args = { "-q" } })
          assert.equal("20\n", result.out, result.err)
        end)
      end

      it("processes: computing parents are no reason to refuse far below the limit", function()
        local result = run("processes = 40, wall = '60s'", { "bash", "-c", [[
          for i in 1 2 3 4; do (sleep 0.01; while :; do :; done) & done
          for i in $(seq 40); do echo $i | cat | sed s/1/2/ | tail -1 >/dev/null || exit 9; done
          kill $(jobs -p); echo done]] }, as, { timeout = 60 })
        assert.equal("done\n", result.out, result.err)
        assert.falsy(result.err:find("limits let there be", 1, true), result.err)
      end)

      it("files, memory, filesize, cpu: the kernel's own errors, and no way to raise them", function()
        local result = run("files = 64, memory = '1G', filesize = '1M', cpu = '1s'", { python, "-c", [[
import os, resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
kept = []
try:
    while True: kept.append(os.open("/dev/null", 0))
except OSError as e: print(e.errno, max(kept) + 1)
for fd in kept: os.close(fd)
try: bytearray(2 << 30)
except MemoryError: print("memory")
with open(sys.argv[1], "wb", 0) as f:
    f.write(b"x" * (1 << 20))
    try: f.write(b"x")
    except OSError as e: print(e.errno, os.fstat(f.fileno()).st_size)
try: os.truncate(sys.argv[1], (1 << 20) + 1)
except OSError as e: print(e.errno)
for name in ("NOFILE", "AS", "FSIZE", "CPU"):
    which = getattr(resource, "RLIMIT_" + name)
    try: resource.setrlimit(which, (1 << 32, 1 << 32)); print(name, "raised")
    except (ValueError, OSError): pass
signal.signal(signal.SIGXCPU, lambda *_: (print("time", flush=True)))
while True: pass]], live.directory() .. "/file" }, as)
        assert.equal("24 64\nmemory\n27 1048576\n27\ntime\n", result.out, result.err)
        assert.equal(137, result.status)
      end)

      it("wall: the whole tree, with those that left it", function()
        local word = "6543" .. (as == "root" and 1 or 2)
        local result = run("wall = '1500ms'", { "bash", "-c", ([[
          trap '' TERM INT HUP; (setsid setsid sleep %s &) ; setsid nohup sleep %s >/dev/null 2>&1 &
          sleep %s]]):format(word, word, word) }, as)
        assert.equal(124, result.status)
        assert.truthy(result.err:find("longer than the policy lets it (limits: wall)", 1, true), result.err)
        assert.equal(0, survivors("^sleep " .. word))
      end)

      -- Killing one makes room for the next: only who is stopped first forks no more.
      for where, depth in pairs { ["who forks as fast as it can"] = 0, ["the same below many generations"] = 400 } do
      it("wall: " .. where, function()
        local directory = live.directory()
        -- root's RLIMIT_NPROC counts for nothing.
        live.write_file(directory .. "/policy.lua", "default.allow() limits { wall = '1s'" ..
          (as == "root" and ", processes = 500 }" or " }"))
        local result = live.run { as = as, timeout = 60, command = ([[
          cd DIRECTORY; prlimit --nproc=500 MOONGATE run -q -p policy.lua -- PROGRAM 8 survived DEPTH
          echo $?; sleep 0.5; pgrep -x attack_bomb | wc -l; ls]]):gsub("%u%u%u+", { DIRECTORY = directory,
          MOONGATE = live.binary, PROGRAM = live.program "attack_bomb", DEPTH = depth }) }
        assert.equal("124\n0\npolicy.lua\n", result.out, result.err)
      end)
      end

      it("wall: not those of another job of the same shell, started before", function()
        local directory = live.directory()
        live.write_file(directory .. "/policy.lua", "default.allow() limits { wall = '1500ms' }")
        local result = live.run { as = as, command = ([[
          cd DIRECTORY; (sleep 0.5; setsid sleep 34567 >/dev/null 2>&1 & echo $! >other) & sleep 0.1
          (exec MOONGATE run -q -p policy.lua -- sleep 60); echo $?; (sleep 0.5; setsid sleep 34567 & echo $! >mine) &
          exec MOONGATE run -q -p policy.lua -- sleep 60]]):gsub("%u%u%u+", { DIRECTORY = directory, MOONGATE = live.binary }) }
        assert.equal(124, result.status, result.err)
        for _, file in ipairs { "other", "mine" } do
          local pid = live.read_file(directory .. "/" .. file):match "%d+"
          assert.is_truthy(os.execute("kill " .. pid), file .. " was killed")
        end
      end)

      -- The supervisor stops with a command that job control stops, so that the shell sees it.
      it("wall: what runs on while the command and the supervisor are stopped", function()
        local directory = live.directory()
        live.write_file(directory .. "/policy.lua", "default.allow() limits { wall = '1500ms' }")
        local result = live.run { as = as, timeout = 30, command = { "/usr/bin/python3", "-c", [[
import os, pty, signal, sys
shell, terminal = pty.fork()
if shell == 0:
    job = os.fork()
    if job == 0:
        os.setpgid(0, 0)
        os.execv(sys.argv[1], sys.argv[1:])
    status = os.waitpid(job, os.WUNTRACED)[1]
    print("stopped", os.WIFSTOPPED(status), flush=True)
    print("ended", os.waitpid(job, 0)[1] >> 8, flush=True)
    os._exit(0)
text = b""
try:
    while True: text += os.read(terminal, 1000) or sys.exit(text.decode())
except OSError:
    print(text.decode().replace("\r", ""), end="")]], live.binary, "run", "-q", "-p", directory .. "/policy.lua", "--",
          "bash", "-c", ("while :; do :; done & echo $! >%s/child; kill -TTIN $$"):format(directory) } }
        assert.truthy(result.out:find("^stopped True\n.*limits: wall.*ended 124\n$"), result.out .. result.err)
        local child = live.read_file(directory .. "/child"):match "%d+"
        assert.is_nil((os.execute("kill -0 " .. child .. " 2>/dev/null")), "it runs on")
      end)

      it("wall: though somebody has stopped the guard", function()
        local directory = live.directory()
        live.write_file(directory .. "/policy.lua", "default.allow() limits { wall = '1500ms' }")
        local result = live.run { as = as, timeout = 20, command = ([[
          MOONGATE run -q -p DIRECTORY/policy.lua -- sleep 60 & run=$!; sleep 0.5
          for child in $(cat /proc/$run/task/*/children); do
            grep -q guard /proc/$child/comm && kill -STOP $child && echo stopped
          done; wait $run; echo $?]]):gsub("%u%u%u%u+", { DIRECTORY = directory, MOONGATE = live.binary }) }
        assert.equal("stopped\n124\n", result.out, result.err)
      end)

      it("wall: a command that ends before has its own status", function()
        assert.equal(7, run("wall = '20s'", { "sh", "-c", "exit 7" }, as).status)
      end)

      it("of several files the smallest of each counts", function()
        local directory = live.directory()
        live.write_file(directory .. "/a.lua", "limits { files = 100, cpu = 1000 }")
        live.write_file(directory .. "/b.lua", "limits { files = 200, cpu = '900s' }")
        local result = live.run { policy = "default.allow()", as = as, command = { "sh", "-c", "ulimit -n; ulimit -t" },
          args = { "-p", directory .. "/a.lua", "-p", directory .. "/b.lua" } }
        assert.equal("100\n900\n", result.out, result.err)
      end)
    end)
  end

  it("a limit above the one that is there changes nothing", function()
    local result = live.run { policy = "default.allow() limits { files = 100000000 }",
      command = { "sh", "-c", "ulimit -n" } }
    local native = live.run { command = { "sh", "-c", "ulimit -H -n" } }
    assert.equal(native.out, result.out, result.err)
  end)

  local function interrupted_twice(pause, command)
    local directory = live.directory()
    live.write_file(directory .. "/policy.lua", "default.allow()")
    return live.run { command = { python, live.project .. "/spec/live/programs/interrupt.py", pause, live.binary, "run",
      "-p", directory .. "/policy.lua", "--", "bash", "-c", command } }
  end

  it("Ctrl-C twice kills the tree, whoever ignores it", function()
    local result = interrupted_twice("0.2", "trap '' INT; (setsid sleep 65433 &); echo ready; while :; do sleep 65433; done")
    assert.equal("ended 130\n", result.out, result.err)
    assert.equal(0, survivors("^sleep 65433"))
  end)

  it("Ctrl-C now and then is the command's own matter", function()
    local result = interrupted_twice("0.8", "trap '' INT; echo ready; while :; do sleep 65434; done")
    assert.equal("goes on\n", result.out, result.err)
    assert.equal(0, survivors("^sleep 65434"))
  end)

  it("a supervisor that has nothing to do does nothing", function()
    local directory = live.directory()
    live.write_file(directory .. "/policy.lua", live.permissive)
    local result = live.run { command = ([[
      %s run -q -p %s/policy.lua -- sleep 2 & run=$!; sleep 1.5
      cut -d ' ' -f 14,15 /proc/$run/stat; wait]]):format(live.binary, directory) }
    local user, system = result.out:match("^(%d+) (%d+)\n$")
    assert.truthy(user, result.out .. result.err)
    assert.is_true(user + system < 30, ("%s + %s ticks in a second and a half"):format(user, system))
  end)

  -- The second one does not even get to its last words: who was writing a line holds stderr's lock.
  it("a supervisor that does not work any more ends the run", function()
    if not live.is_root() then return pending("needs root") end
    local directory = live.directory()
    live.write_file(directory .. "/policy.lua", live.permissive .. 'deny.read "/tmp/refused*"')
    local result = live.run { timeout = 60, command = ([[
      cd DIRECTORY; mkfifo full; exec 3<>full; PATH=PROGRAMS:$PATH
      MOONGATE run -p policy.lua -- sh -c 'echo started; sleep 1; cat /etc/hostname; sleep 65435' & run=$!
      MOONGATE run -p policy.lua -- bash -c '(sleep 5; cat /etc/hostname; sleep 65435) &
        for i in {1..400}; do : </tmp/refused-$(printf %0200d $i); done; sleep 65435' 2>full & writing=$!
      sleep 0.5; freeze $run >/dev/null & sleep 3; freeze $writing >/dev/null &
      wait $run; echo $?; wait $writing; echo $?]]):gsub("%u%u%u%u+", { DIRECTORY = directory, MOONGATE = live.binary,
      PROGRAMS = live.build .. "/spec/programs" }) }
    assert.equal("started\n125\n125\n", result.out, result.err)
    assert.truthy(result.err:find("did not answer any more", 1, true), result.err)
    assert.equal(0, survivors("^sleep 65435"))
  end)
end)
