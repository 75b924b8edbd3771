-- What the kernel does itself after the judgement: openat2 with O_PATH, exec of what is no program,
-- renames onto names that come to be; core files; what has no name; what a hidden name is known by.
local live = require "live"
local attack = require "attack"

describe("after the judgement #live", function()
  after_each(live.cleanup)

  local function tally(result)
    local opened, refused = result.out:match("opened=(%d+) refused=(%d+)")
    assert(opened, "no tally: " .. result.out .. result.err:sub(1, 2000))
    return tonumber(opened), tonumber(refused)
  end

  attack.each(it, "the flags of an openat2 are not read again", function(who)
    local root = live.directory()
    attack.shell(("cd %s && echo public >good && echo secret >evil && chmod 666 good evil"):format(root), who)
    local policy = ("allow.exec '/**'\nallow.read '/**'\ndeny.read %q\ndeny.write %q"):format(root .. "/evil", root .. "/evil")
    local command = { live.program("attack_continued"), "how", root .. "/good", root .. "/evil" }
    local opened, refused = tally(live.run { as = who, policy = policy, args = { "-q" }, command = command, timeout = 60 })
    assert.equal(0, opened)
    assert.is_true(refused > 0)
    assert.is_true(tally(live.run { as = who, command = command }) > 0, "natively the race is won")
  end)

  attack.each(it, "what is no program does not become one", function(who)
    local root = live.directory()
    attack.shell(([[cd %s && mkdir directory && ln -s directory link && printf '#!/bin/sh\nexit 42\n' >evil && chmod 755 evil]])
      :format(root), who)
    for _, good in ipairs { "directory", "link" } do
      local result = live.run { as = who, args = { "-q" }, timeout = 60,
        policy = ("allow.read '/**'\nallow.exec { '/usr/**', %q, %q, %q }"):format(live.build .. "/**", root .. "/directory",
          root .. "/link"),
        command = { live.program("attack_continued"), "exec", root .. "/" .. good, root .. "/evil" } }
      local ran, refused = tally(result)
      assert.equal(0, ran, good)
      assert.is_true(refused > 0)
    end
  end)

  attack.each(it, "a rename replaces nothing that was not there", function(who)
    local root = live.directory()
    attack.shell(("cd %s && mkdir in out && chmod 777 in out"):format(root), who)
    local policy = ([[
allow.read "/**"
allow.exec "/**"
allow.write "ROOT/in/**"
allow.create "ROOT/out/**"
]]):gsub("ROOT", root)
    -- The other side: makes the file, and looks whether it is still its own.
    os.execute(([[cd %s && (/usr/bin/python3 -c '
import os, time
end = time.time() + 20
while time.time() < end and not os.path.exists("stop"):
    try: os.unlink("out/x")
    except OSError: pass
    try: fd = os.open("out/x", os.O_CREAT | os.O_EXCL)
    except OSError: continue
    mine = os.fstat(fd).st_ino
    for i in range(50):
        try: now = os.stat("out/x").st_ino
        except OSError: now = 0
        if now != mine: open("out/x.lost", "w").close()
    os.close(fd)
' &) >/dev/null 2>&1
      for i in $(seq 100); do [ -e out/x ] && break; sleep 0.1; done]]):format(root))
    local result = live.run { as = who, policy = policy, args = { "-q" }, timeout = 60,
      command = { live.program("attack_continued"), "rename", root .. "/in/x", root .. "/out/x" } }
    live.write_file(root .. "/stop", "")
    local replaced, refused = tally(result)
    assert.equal(0, replaced)
    assert.is_true(refused > 0, "no race took place")
  end)

  attack.each(it, "a whiteout is made only where something may be made", function(who)
    if who == "user" then return end -- it takes a privilege
    local root = live.directory()
    attack.shell(("cd %s && mkdir a b && touch a/x a/y"):format(root), who)
    local result = live.run { policy = ([[
allow.read "/**" allow.exec "/**" allow.modify "ROOT/a/*" allow.delete "ROOT/a/*" allow.write "ROOT/b/*"
]]):gsub("ROOT", root), args = { "-q" }, command = { "/usr/bin/python3", "-c", [[
import ctypes, os, sys
c = ctypes.CDLL(None, use_errno=True); os.chdir(sys.argv[1])
for name, flags in (b"x", 4), (b"y", 0):
    r = c.renameat2(-100, b"a/" + name, -100, b"b/" + name, flags)
    print(r, os.strerror(ctypes.get_errno()) if r else "")
print(os.listdir("a"))]], root } }
    assert.equal("-1 Permission denied\n0 \n['x']\n", result.out, result.err)
  end)

  attack.each(it, "no core file is written where nothing may be written", function(who)
    local root = live.directory()
    attack.shell(("cd %s && mkdir d && chmod 777 d && echo precious >d/core && chmod 666 d/core"):format(root), who)
    local script = [[import os, resource, sys
os.chdir(sys.argv[1])
for limit in (resource.RLIM_INFINITY,) * 2, (1 << 30, resource.getrlimit(resource.RLIMIT_CORE)[1]):
    try: resource.setrlimit(resource.RLIMIT_CORE, limit)
    except (OSError, ValueError): pass
if os.fork() == 0: os.abort()
print(os.wait()[1] & 127); print(sorted(os.listdir(".")))]]
    local result = live.run { as = who, policy = "use 'readonly'\n", args = { "-q" }, env = { HOME = root },
      command = { "/usr/bin/python3", "-c", script, root .. "/d" } }
    assert.equal("6\n['core']\n", result.out, result.err)
    assert.equal("precious\n", live.read_file(root .. "/d/core"))
  end)

  attack.each(it, "what has no name is no program of any rule's", function(who)
    local root = live.directory()
    attack.shell(("cd %s && mkdir -p bin && chmod 777 bin && cp /bin/true bin/good"):format(root), who)
    local script = [[import os, sys
def run(what, fd):
    pid = os.fork()
    if pid == 0:
        try: os.execve(fd, ["true"], {})
        except OSError as e: os._exit(e.errno)
    print(what, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
code = open("/bin/true", "rb").read()
for what, fd in ("O_TMPFILE", os.open(sys.argv[1] + "/bin", os.O_TMPFILE | os.O_RDWR, 0o755)), \
        ("memfd", os.memfd_create("x/bin/tool")):
    os.write(fd, code)
    again = os.open("/proc/self/fd/%d" % fd, os.O_RDONLY); os.close(fd); run(what, again)
run("good", os.open(sys.argv[1] + "/bin/good", os.O_RDONLY))]]
    local function policy(exec)
      return ([[
allow.read "/**"
allow.write "ROOT/**"
deny.create "ROOT/bin/*"
allow.exec { EXEC }
deny.exec "/never"
]]):gsub("ROOT", root):gsub("EXEC", exec)
    end
    local command = { "/usr/bin/python3", "-c", script, root }
    local result = live.run { as = who, args = { "-q" }, command = command,
      policy = policy(("'/usr/bin/*', %q, '/*/bin/tool', '/*/bin/*', '/*'"):format(root .. "/bin/*")) }
    assert.equal("O_TMPFILE 13\nmemfd 13\ngood 0\n", result.out, result.err)
    result = live.run { as = who, args = { "-q" }, command = command, policy = policy("'/**'") }
    assert.equal("O_TMPFILE 0\nmemfd 0\ngood 0\n", result.out, result.err)
  end)

  attack.each(it, "the score of processes outside is not written", function(who)
    local pid = attack.shell("sleep 30 >/dev/null 2>&1 & echo $!", who):match("%d+")
    local result = live.run { as = who, policy = live.permissive, args = { "-q" }, command = ([[
      echo 700 >/proc/self/oom_score_adj; cat /proc/self/oom_score_adj
      (echo 700 >/proc/PID/oom_score_adj) 2>/dev/null || echo refused; cat /proc/PID/oom_score_adj]]):gsub("PID", pid) }
    assert.equal("700\nrefused\n0\n", result.out, result.err)
    os.execute("kill " .. pid)
  end)

  attack.each(it, "a hidden name is not told from a missing one", function(who)
    local root = live.directory()
    attack.shell(([[cd %s && mkdir hid out && echo x >hid/key && ln -s key hid/link && cp /bin/true hid/prog && chmod 777 out hid
      ]]):format(root), who)
    local result = live.run { as = who, args = { "-q" }, policy = ("default.allow()\nhide %q"):format(root .. "/hid"),
      command = { "/usr/bin/python3", "-c", [[
import ctypes, os, sys
c = ctypes.CDLL(None, use_errno=True); root = sys.argv[1]; os.chdir(root + "/out")
hid = root + "/hid/"
def say(r): return os.strerror(ctypes.get_errno()) if r < 0 else "done"
def tell(name):
    path = (hid + name).encode(); found = []
    for flags in os.O_PATH | os.O_DIRECTORY, os.O_TMPFILE | os.O_RDWR, os.O_NOFOLLOW, os.O_DIRECTORY, os.O_CREAT | os.O_EXCL | os.O_RDWR, os.O_PATH:
        found.append(say(c.open(path, flags, 0o600)))
    found.append(say(c.syscall(437, -100, path, (ctypes.c_uint64 * 3)(os.O_DIRECTORY, 0, 2), 24)))
    for new in b".", b"/", b"/etc/passwd/x", ctypes.c_void_p(8): found.append(say(c.link(path, new)))
    found.append(say(c.linkat(-100, path, 9999, b"x", 0)))
    for text in hid + "../hid/" + name, "/proc/self/root" + hid + name, hid + name + "/x":
        with open("s", "w") as f: f.write("#!" + text + "\n")
        os.chmod("s", 0o755); pid = os.fork()
        if pid == 0:
            try: os.execv("./s", ["s"])
            except OSError as e: os._exit(e.errno)
        found.append(os.wait()[1])
    return found
missing = tell("missing")
for name in "key", "link", "prog":
    now = tell(name)
    print(name, [(i, a, b) for i, (a, b) in enumerate(zip(now, missing)) if a != b])]], root } }
    assert.equal("key []\nlink []\nprog []\n", result.out, result.err)
  end)
end)
