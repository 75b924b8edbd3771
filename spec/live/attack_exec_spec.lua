-- What runs is what was judged: the path is rewritten, or leads elsewhere, between the judgement and
-- the kernel's own look. 2,000 tries of each way: half of them as root.
local live = require "live"
local attack = require "attack"

local tries = tostring(1000 // tonumber(os.getenv("MOONGATE_SPARSE") or "1"))

local function differences(wanted, got)
  local found = {}
  for i = 1, math.max(#wanted, #got) do
    if wanted[i] ~= got[i] then found[#found + 1] = tostring(wanted[i]) .. " / " .. tostring(got[i]) end
  end
  return found
end

describe("what is executed #live", function()
  after_each(live.cleanup)

  local function ground(who)
    local root = live.directory()
    attack.shell(("cd %s && cp /bin/true good && cp /bin/touch evil"):format(root), who)
    return root, ([[
allow.read "/**"
allow.write { "ROOT/**", "/dev/null" }
allow.exec { "ROOT/good", "PROGRAMS/*", "/usr/bin/*" }
]]):gsub("ROOT", root):gsub("PROGRAMS", live.build .. "/spec/programs")
  end

  local methods = {
    text = "the text changes", link = "the link changes", script = "the script is rewritten",
    shared = "another process changes shared memory", vm = "a sharer of all memory changes the text",
  }
  for method, what in pairs(methods) do
    attack.each(it, "is what was approved, when " .. what, function(who)
      local root, policy = ground(who)
      policy = policy .. (method == "script" and ("allow.exec %q\n"):format(root .. "/good.link") or "")
      local result = live.run {
        as = who, policy = policy, args = { "-q" }, timeout = 200,
        command = { live.program("attack_exec"), method, root .. "/good", root .. "/evil",
          root .. "/mark", tries },
      }
      assert.equal(0, result.status, result.out .. result.err)
      local numbers = attack.tally(result)
      assert.is_true(numbers.refused + numbers.killed > 0, result.out)
      local innocent = live.run { as = who, policy = policy, command = { root .. "/good" } }
      assert.equal(0, innocent.status, innocent.err)
      -- Natively the same program runs the other one.
      local native = live.run {
        as = who, timeout = 200,
        command = { live.program("attack_exec"), method, root .. "/good", root .. "/evil",
          root .. "/native", "300" },
      }
      assert.equal(1, native.status, native.out .. native.err)
    end)
  end

  attack.each(it, "is the script that was approved, and not another of the same interpreter", function(who)
    local root, policy = ground(who)
    attack.shell(([=[cd %s && rm good evil && printf '#!/bin/sh\nexit 0\n' >good &&
      printf '#!/bin/sh\n: >"$1"\n' >evil && chmod 755 good evil]=]):format(root), who)
    policy = policy .. ([[
function on.exec(call)
  if call.path:find("attack_exec", 1, true) or call.path == "GOOD" then return allow() end
  return call.script == "GOOD" and allow() or deny("EPERM")
end
]]):gsub("GOOD", root .. "/good")
    local result = live.run {
      as = who, policy = policy, args = { "-q" }, timeout = 200,
      command = { live.program("attack_exec"), "text", root .. "/good", root .. "/evil",
        root .. "/mark", tries },
    }
    assert.equal(0, result.status, result.out .. result.err)
    local numbers = attack.tally(result)
    assert.is_true(numbers.refused + numbers.killed > 0, result.out)
    assert.equal(0, live.run { as = who, policy = policy, command = { root .. "/good" } }.status)
  end)

  -- The words of a program are read again when it is about to run.
  local words = {
    word = "call.argv[2] == %q",
    pointer = "call.argv[2] == %q",
    variable = "call.env.FILE == %q",
  }
  for method, condition in pairs(words) do
    attack.each(it, "has the words that a handler saw, when the " .. method .. " changes", function(who)
      local root, policy = ground(who)
      local good, mark = root .. "/good.", root .. "/evil."
      attack.shell(("cd %s && printf '#!/bin/sh\\n: >\"$FILE\"\\n' >make && chmod 755 make"):format(root), who)
      local program = method == "variable" and root .. "/make" or "/usr/bin/touch"
      policy = policy .. ("allow.exec %q\n"):format(root .. "/make") .. ([[
function on.exec(call)
  if call.path:find("attack_exec", 1, true) or CONDITION then return nil end
  return deny("EPERM")
end
]]):gsub("CONDITION", (condition:format(good):gsub("%%", "%%%%")))
      local result = live.run {
        as = who, policy = policy, args = { "-q" }, timeout = 200,
        command = { live.program("attack_exec"), method, program, good, mark, tries },
      }
      assert.equal(0, result.status, result.out .. result.err)
      local numbers = attack.tally(result)
      assert.is_true(numbers.refused + numbers.killed > 0, result.out)
      local innocent = live.run { as = who, policy = policy, command = { program, good }, env = { FILE = good } }
      assert.equal(0, innocent.status, innocent.err)
      assert.is_truthy(os.execute("test -e " .. good), "the innocent program ran")
      local native = live.run {
        as = who, timeout = 200,
        command = { live.program("attack_exec"), method, program, good, mark, "300" },
      }
      assert.equal(1, native.status, native.out .. native.err)
    end)
  end

  local handlers = {
    ["without a handler"] = "",
    ["with one that looks at the words"] = "\nfunction on.exec(call) local argv, env = call.argv, call.env end",
  }
  for name, handler in pairs(handlers) do
    attack.each(it, "fails as the kernel lets it fail, " .. name, function(who)
      local root = live.directory()
      attack.shell(("cd %s && printf '#!/nowhere\n' >missing && printf '#!/bin/sh\nexit 7\n' >script && " ..
        "cp script closed && chmod 755 missing script && chmod 644 closed && ln -s nowhere dangling"):format(root), who)
      local native, supervised = live.both {
        as = who, cwd = root, policy = "default.allow()\ndeny.exec \"/moongate-never\"" .. handler,
        command = { "/usr/bin/python3", "-c", [[
import ctypes, errno, os
libc = ctypes.CDLL(None, use_errno=True)
good = (ctypes.c_char_p * 2)(b"zero", None)
bad = (ctypes.c_void_p * 2)(8, None)
for path in b"missing", b"script", b"closed", b"dangling", b"":
    for flags in 0, 0x100, 0x10000, 0x80000004:
        for what, argv, env in ("good", good, good), ("no", 8, good), ("argv", bad, good), ("env", good, bad):
            child = os.fork()
            if child == 0:
                libc.syscall(322, -100, path, argv, env, ctypes.c_uint(flags))
                os._exit(100 + min(ctypes.get_errno(), 99))
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            print(path, hex(flags), what, errno.errorcode.get(status - 100, status))]] },
      }
      assert.equal("", native.err)
      assert.same({}, differences(attack.lines(native), attack.lines(supervised)), supervised.err)
      assert.equal(80, #attack.lines(native))
    end)
  end

  attack.each(it, "waits for a file that another process holds by a lease", function(who)
    local root = live.directory()
    attack.shell(("cd %s && printf '#!/bin/sh\necho ran\n' >script && chmod 755 script"):format(root), who)
    local native, supervised = live.both {
      as = who, cwd = root, policy = "default.allow()\ndeny.exec \"/moongate-never\"",
      command = { "/usr/bin/python3", "-c", [[
import fcntl, os, signal, sys, time
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGIO})
def held(inside):
    fd = os.open("script", os.O_RDWR)
    fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
    child = os.fork()
    if child == 0:
        os.close(fd)
        signal.signal(signal.SIGALRM, lambda *_: None)
        if inside: signal.setitimer(signal.ITIMER_REAL, 0.1)
        try: os.execv("script", ["script"])
        except OSError as e: os._exit(100 + e.errno)
    signal.sigwait({signal.SIGIO})
    time.sleep(0.3)
    if not inside: os.close(fd)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
    if inside: os.close(fd)
held(False)
held(True)]] },
    }
    assert.equal("ran\n0\n104\n", native.out, native.err) -- a signal ends the wait: EINTR
    assert.equal(native.out, supervised.out, supervised.err)
  end)

  -- Words are read under the lock of all decisions: with seven million of them everybody waited for
  -- twenty seconds, and then the watchdog ended the run.
  attack.each(it, "does not stand still for words without end, and takes as many as the kernel does", function(who)
    local native, supervised = live.both {
      as = who, command = { live.program("attack_words") }, timeout = 60,
      policy = "default.allow()\nfunction on.exec(call) local count, env = #call.argv, call.env end",
    }
    local waited = tonumber(supervised.out:match("waited: (%d+)"))
    assert.is_true(waited and waited < 20, supervised.out .. supervised.err)
    assert.equal((native.out:gsub("waited: %d+", "")), (supervised.out:gsub("waited: %d+", "")))
    assert.equal("", supervised.err)
  end)

  attack.each(it, "gets its words as the program gave them: scripts, descriptors, none at all", function(who)
    local root = live.directory()
    attack.shell(([=[cd %s
      printf '#!/bin/sh  -e \t \nprintf "[%%%%s]" "$0" "$@"; echo "$FILE"\n' >script
      printf '#! %s/script one two\n' >nested; printf '#!/bin/sh' >short; chmod 755 script nested short]=])
      :format(root, root), who)
    local command = ([=[cd %s; ./script a 'b c' ''; %s/nested x; ./short; script='' PATH=.:$PATH script y; FILE=1 FILE2= ./script
      exec /usr/bin/python3 -c '
import os
for name in "script", "nested":
    fd = os.open(name, os.O_RDONLY); os.set_inheritable(fd, True)
    if os.fork() == 0: os.execve(fd, ["zero", "one"], {"FILE": "two"})
    os.wait()
directory = os.open(".", os.O_RDONLY); os.set_inheritable(directory, True)
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
words = (ctypes.c_char_p * 3)(b"zero", b"one", None)
for argv in words, None:
    if os.fork() == 0:
        libc.syscall(322, directory, b"script", argv, words, 0); os._exit(ctypes.get_errno())
    os.wait()
long = "x" * 131000
print(os.spawnv(os.P_WAIT, "/bin/sh", ["sh", "-c", "echo ${#1} ${#2}", "sh", long, long]))
try: os.spawnv(os.P_WAIT, "/bin/true", ["true", "x" * 131073])
except OSError as e: print(e.errno)
try: print(os.waitstatus_to_exitcode(os.spawnv(os.P_WAIT, "/bin/true", ["true"] + ["y" * 1000] * 3000)))
except (OSError, ValueError) as e: print(e)
']=]):format(root, root)
    local native = live.run { as = who, command = { "bash", "-c", command } }
    local supervised = live.run { as = who, command = { "bash", "-c", command }, policy = live.permissive .. [[
function on.exec(call)
  return #call.argv > 1000000 and deny() or call.env.NOTHING and deny() or nil
end
]], args = { "-q" } }
    assert.equal(native.out, supervised.out, supervised.err)
    assert.equal(native.err, supervised.err)
    assert.equal(native.status, supervised.status)
  end)

  attack.each(it, "loses variables that the policy drops, for itself and for /proc", function(who)
    local command = { "sh", "-c", [[env | grep -v ^PWD= | sort; tr '\0' '\n' </proc/self/environ | grep -c SECRET; exec env -u KEEP sh -c '
      export SECRET_TOO=5 OTHER=6; /usr/bin/env | grep -v ^PWD= | sort; /usr/bin/python3 -c "import os; print(sorted(os.environ))"']] }
    local result = live.run { as = who, command = command, env = { SECRET_ONE = "1", KEEP = "2", LD_AUDIT = "/none" },
      policy = "default.allow()\nenvironment { drop = { 'SECRET*', 'LD_*' }, keep = { 'SECRET_ONE', 'KEEP', 'OTHE?', 'LC_CTYPE', 'PATH' } }" }
    local path = "PATH=" .. os.getenv("PATH")
    assert.equal(("KEEP=2\n%s\n0\nOTHER=6\n%s\n['LC_CTYPE', 'OTHER', 'PATH']\n"):format(path, path), result.out, result.err)
  end)

  attack.each(it, "counts the interpreter of a script", function(who)
    local root, policy = ground(who)
    attack.shell(("cd %s && printf '#!%s/evil\\n' >script && chmod 755 script && rm -f good && " ..
      "printf '#!/bin/sh\\necho ran $0\\n' >good && chmod 755 good"):format(root, root), who)
    local result = live.run {
      as = who, policy = policy .. ("allow.exec %q\n"):format(root .. "/script"), args = { "-q" },
      command = { "sh", "-c", ("%s/good; %s/script; echo $?"):format(root, root) },
    }
    assert.equal(("ran %s/good\n126\n"):format(root), result.out, result.err)
    assert.is_truthy(result.err:find("[Pp]ermission denied"), result.err)
  end)
end)
