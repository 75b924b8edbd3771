-- Programs that start programs: the same natively and supervised, where each exec is judged by a handler
-- that looks at its words, so that all of it is verified. And debuggers, with @debug and without.
local live = require "live"
local compare = require "compare"

local path = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"

local LOOKING = live.permissive .. [[
function on.exec(call)
  local n = #call.argv
  for name in pairs(call.env) do n = n + #name end
  if n < 0 then return deny() end
end
]]

local work = {
  bash = [[
    for i in 1 2 3; do (echo $i; exec sh -c 'echo $0 $@' a$i b); done; seq 100 | sort -r | head -50 | tac | awk '{ s += $1 } END { print s }' | sed s/^/sum/ | tr a-z A-Z | cat | tee out | wc -c | xargs printf '%s\n'
    printf '#!/bin/bash -e\necho "script $0 $*"\n' >s; chmod 755 s; ./s 1 2; PATH=.:$PATH s 3; printf 'echo text $0\n' >t; chmod 755 t; ./t; exec -a name sh -c 'echo $0'
  ]],
  make = [[
    for i in $(seq 20); do echo "int f$i(void) { return $i; }" >f$i.c; done
    printf 'objects = $(patsubst %%.c,%%.o,$(wildcard f*.c))\nall: lib.a ; @nm lib.a | grep -c " T "\nlib.a: $(objects) ; @ar rc $@ $^\n' >Makefile; make -s -j4 2>&1 | tail -1
  ]],
  python3 = [[/usr/bin/python3 -c '
import subprocess, multiprocessing, os, sys
print(subprocess.run(["sh", "-c", "echo $X; exit 3"], env={"X": "1"}, capture_output=True))
print(subprocess.check_output("echo shell | cat", shell=True))
p = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=os.setsid); print(p.communicate(b"x" * 100000)[0].count(b"x"))
try: subprocess.run(["/nonexistent"])
except OSError as e: print(e)
try: subprocess.run(["/etc/hostname"])
except OSError as e: print(e)
def f(x): return x * x
for method in "fork", "spawn", "forkserver":
    if __name__ == "__main__":
        try:
            with multiprocessing.get_context("fork" if method != "fork" else method).Pool(4) as pool: print(sum(pool.map(f, range(100))))
        except Exception as e: print(e)
print(os.posix_spawn("/bin/true", ["true"], {}) > 0, os.wait()[1])']],
  node = [[node -e '
const c = require("child_process"); console.log(c.execSync("echo sync; exit 0").toString(), c.spawnSync("sh", ["-c", "exit 5"]).status);
c.exec("seq 5 | sort -r", (e, out) => { console.log(out); const p = c.spawn("cat"); let s = ""; p.stdout.on("data", d => s += d); p.on("close", code => { console.log(s.length, code); c.execFile("/nonexistent", e => console.log(e.code)); c.fork("-e", [], { execArgv: ["-e", "process.send(7)"] }).on("message", m => console.log("message", m)); }); p.stdin.end("y".repeat(50000)); });' </dev/null]],
  git = [[
    git init -q -b main r && cd r && git config user.name s && git config user.email s@e.org
    printf '#!/bin/sh\necho pre-commit $GIT_INDEX_FILE\n' >.git/hooks/pre-commit; printf '#!/bin/sh\necho post $(git log --oneline | wc -l)\n' >.git/hooks/post-commit; chmod 755 .git/hooks/p*
    echo a >a; git add a; git commit -qm one; git config alias.hi '!echo alias'; git hi; git config core.pager cat; git log --format=%s; GIT_EDITOR='sh -c "echo two >$0"' git commit -q --allow-empty; git log --format=%s | cat; git clone -q . ../c; ls ../c
  ]],
  java = [[
    mkdir -p j; cat >j/Main.java <<'X'
public class Main { public static void main(String[] a) throws Exception {
  Thread[] t = new Thread[8]; long[] s = new long[8];
  for (int i = 0; i < 8; i++) { final int k = i; t[i] = new Thread(() -> { for (int j = 0; j < 200000; j++) { s[k] += j; if (j % 50000 == 0) System.gc(); } }); t[i].start(); }
  long all = 0; for (int i = 0; i < 8; i++) { t[i].join(); all += s[i]; } System.out.println(all);
  Process p = new ProcessBuilder("sh", "-c", "echo child; exit 4").inheritIO().start(); System.out.println(p.waitFor());
  Object o = null; try { o.hashCode(); } catch (NullPointerException e) { System.out.println("caught"); }
  Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("hook"))); } }
X
    java -Xshare:auto -XX:TieredStopAtLevel=1 j/Main.java]],
  threads = [[/usr/bin/python3 -c '
import os, subprocess, threading
def go(n):
    for i in range(10): assert subprocess.run(["sh", "-c", "exit %d" % n]).returncode == n
threads = [threading.Thread(target=go, args=(n,)) for n in range(8)]
for t in threads: t.start()
for t in threads: t.join()
print("joined")
def become(): os.execv("/bin/sh", ["sh", "-c", "echo from a thread; echo $$ >pid"])
if os.fork() == 0:
    threading.Thread(target=become).start(); threading.Event().wait()
print(os.wait()[1], len(os.listdir("/proc/self/task")))']],
}

describe("programs that start programs #live", function()
  local places = {}

  setup(function() places.root, places.user = live.directory(), live.directory() end)
  teardown(live.cleanup)

  local function installed(program)
    return os.execute("PATH=" .. path .. " command -v " .. program .. " >/dev/null")
  end

  local function once(text, as, policy, args)
    os.execute("rm -rf " .. places[as] .. "/* && mkdir -m 777 " .. places[as] .. "/work")
    local directory = places[as] .. "/work"
    return live.run { command = { "bash", "-c", text }, as = as, cwd = directory, policy = policy, args = args or { "-q" },
      timeout = 100, env = { PATH = path, HOME = directory, LC_ALL = "C", GIT_AUTHOR_DATE = "@0 +0000", GIT_COMMITTER_DATE = "@0 +0000" } }
  end

  for _, as in ipairs { "user", "root" } do
    for name, text in pairs(work) do
      it(name .. ", as " .. as, function()
        if name ~= "threads" and not installed(name) then return pending("needs " .. name) end
        local native = once(text, as)
        assert.equal(0, native.status, native.err)
        compare.results(native, once(text, as, LOOKING))
      end)
    end

    describe("a debugger, as " .. as .. ",", function()
      local script = [[strace -f -o trace -e trace=openat,execve sh -c 'cat /etc/hostname >/dev/null; exit 3'; echo $?
        grep -c hostname trace; grep -c execve trace
        gdb -q -batch -nx -ex 'break puts' -ex run -ex 'print 6 * 7' -ex kill --args /bin/echo hi 2>&1 | grep -e '^.1 = ' -e 'ermission' -e 'not permitted' | head -3]]

      it("works where the policy opens @debug and lets every program run", function()
        if not installed "gdb" or not installed "strace" then return pending("needs gdb and strace") end
        local native = once(script, as)
        assert.truthy(native.out:find("$1 = 42", 1, true), native.out .. native.err)
        local supervised = once(script, as, "default.allow()\nallow.syscall '@debug'\ndeny.read '/moongate-never'")
        assert.equal(native.out, supervised.out, supervised.err)
      end)

      it("is told that it may not trace, where it is closed", function()
        if not installed "strace" then return pending("needs strace") end
        local result = once("strace -o trace true; echo $?", as, "default.allow()", {})
        assert.equal("1\n", result.out, result.err)
        assert.truthy(result.err:find("denied calling ptrace", 1, true), result.err)
        assert.truthy(result.err:find('allow.syscall "@debug"', 1, true), result.err)
      end)

      it("cannot start what would have to be verified, and says so", function()
        if not installed "strace" then return pending("needs strace") end
        local result = once("strace -o trace true; echo $?", as,
          "default.allow()\nallow.syscall '@debug'\ndeny.exec '/moongate-never'", {})
        assert.truthy(result.err:find("a program can't be started by a process that is being traced", 1, true), result.err)
      end)
    end)
  end
end)
