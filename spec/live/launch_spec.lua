-- How a command is started and ends, compared with the shell starting it.
local live = require "live"
local compare = require "compare"
local shell, same = compare.shell, compare.same

describe("run #live", function()
  setup(compare.set_up)
  teardown(live.cleanup)

  describe("ends", function()
    it("with the command's own status", function()
      for _, status in ipairs { 0, 1, 7, 124, 125, 126, 127, 128, 255 } do
        assert.equal(status, same("$run sh -c 'exit " .. status .. "'").status)
      end
    end)

    it("with 128+n for every signal n", function()
      local result = same [[
        ulimit -c 0
        for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 24 25 26 27 29 30 31 34 50 64; do
          $run sh -c "kill -$n \$\$; exit 1" 2>/dev/null; echo $n $?
        done]]
      assert.truthy(result.out:find("9 137\n", 1, true), result.out)
      assert.truthy(result.out:find("11 139\n", 1, true), result.out)
    end)

    it("with the status of a core that is written", function()
      same "ulimit -c unlimited; $run sh -c 'kill -ABRT $$' 2>/dev/null; echo $?"
      same "ulimit -c unlimited; $run sh -c 'kill -SEGV $$' 2>/dev/null; echo $?"
    end)

    it("with the limit of core files as it was, where everything may be written", function()
      local native, supervised = live.run { command = "ulimit -c; ulimit -H -c" },
        live.run { command = "ulimit -c; ulimit -H -c", policy = "default.allow()\n" }
      assert.equal(native.out, supervised.out, supervised.err)
    end)

    it("with 127 for what is not there, 126 for what can't be run", function()
      local text = [[
        printf 'exit 3\n' >plain; printf '#!/missing/interpreter\n' >lost; printf '#!/bin/sh\nexit 4\n' >script
        printf '\177ELFgarbage' >broken; mkdir directory; chmod 755 plain lost script broken; echo >readable
        for command in missing ./missing /missing/command ./readable ./directory ./script ./plain ./lost /etc \
          ./plain/below; do
          $run $command 2>/dev/null; echo $command $?
        done]]
      local result = same(text)
      assert.truthy(result.out:find("./missing 127\n./*", 1, false), result.out)
      assert.truthy(result.out:find("./readable 126\n", 1, true), result.out)
    end)

    it("saying that a directory is one", function()
      local result = shell "$moongate run -q -p build -- /etc; echo $?"
      assert.equal("126\n", result.out)
      assert.truthy(result.err:find("cannot run /etc: it is a directory", 1, true), result.err)
    end)

    it("finds commands in PATH as env does", function()
      same [[
        mkdir a b; printf '#!/bin/sh\necho a\n' >a/it; printf '#!/bin/sh\necho b\n' >b/it; chmod 755 b/it
        start=${run:-env}
        PATH=$PWD/a:$PWD/b:$PATH $start it; echo $?
        PATH=$PWD/missing:$PWD/b:$PATH $start it; echo $?
        cd b && PATH=:$PATH $start it; echo $?]]
    end)

    it("with 125 when moongate could not, and nothing was run", function()
      local result = shell [[
        printf 'allow.reed "/**"\n' >misspelt.lua; printf 'this is not Lua' >broken.lua
        touch=$(command -v touch)
        $moongate run -- $touch ran 2>/dev/null; echo $?
        $moongate run -p missing.lua -- $touch ran 2>/dev/null; echo $?
        $moongate run -p misspelt.lua -- $touch ran 2>/dev/null; echo $?
        $moongate run -p broken.lua -- $touch ran 2>/dev/null; echo $?
        $moongate run --unknown -p build -- $touch ran 2>/dev/null; echo $?
        $moongate run -p build -D nonsense=1 -- $touch ran 2>/dev/null; echo $?
        $moongate run -p build --log -- $touch ran 2>/dev/null; echo $?
        $moongate run -p -- $touch ran 2>/dev/null; echo $?
        $moongate run -p build --log /missing/log -- $touch ran 2>/dev/null; echo $?
        $moongate run -p build 2>/dev/null; echo $?
        $moongate run -p build -- 2>/dev/null; echo $?
        ls ran ./-- 2>/dev/null]]
      assert.equal(("125\n"):rep(11), result.out)
    end)

    it("saying what was forgotten, or meant", function()
      local result = shell [[
        echo 'allow.read "/**"' >notes.lua
        $moongate run -p build --log -- true
        $moongate run -p -- true
        $moongate run -p notes -- true; rm notes.lua; $moongate run -p notes -- true]]
      for _, expected in ipairs { "--log wants the name of a file, not --\n", "-p wants a policy, not --\n",
        "there is ./notes.lua: write -p notes.lua\n" } do
        assert.truthy(result.err:find(expected, 1, true), result.err)
      end
      assert.truthy(result.err:find("'notes' is not found[^;]*$"), result.err)
    end)
  end)

  describe("passes on", function()
    it("standard input and output, byte by byte", function()
      same("$run cat", { stdin = "\0\1\255 binary\r\n" .. ("x"):rep(100000) })
      same([[
        head -c 30000000 /dev/urandom >data
        a=$(sha256sum <data); b=$($run cat <data | sha256sum); c=$(cat data | $run sha256sum)
        $run sh -c 'cat; cat /dev/null >&2' <data >copy 2>errors; cmp data copy && wc -c <errors
        [ "$a" = "$b" ] && [ "$a" = "$c" ] && echo same]])
    end)

    it("closed descriptors, opened ones and inherited ones", function()
      local facts = live.program("launch_facts")
      for _, redirection in ipairs {
        "<&-", ">&- 2>&1 | cat", "2>&-", "<&- 2>&-", "</dev/zero", "5</dev/null 7>>/dev/null", "<&- 3</dev/null",
      } do
        same("$run " .. facts .. " " .. redirection .. " | grep -a descriptor; exit 0")
        same("$run sh -c 'echo to output; echo to errors >&2; head -c 1 >/dev/null; echo $?' " .. redirection)
      end
    end)

    it("the end of a pipe, in both directions", function()
      assert.equal("y\n0\n", same("timeout 10 sh -c 'yes | $run head -1'; echo $?").out)
      assert.equal("y\n0\n", same("timeout 10 sh -c '$run yes | head -1'; echo $?").out)
      assert.equal("141\n", same("timeout 10 bash -c '$run yes | head -1 >/dev/null; echo ${PIPESTATUS[0]}'").out)
      same "$run sh -c 'yes; echo ended >&2' 2>errors | head -1; sed s/^.*://g errors"
    end)

    for _, as in ipairs { "root", "user" } do
      it("everything a program can find out about its start, as " .. as, function()
        local facts = live.program("launch_facts")
        same("$run " .. facts .. " a 'b c' ''", { as = as })
        same([[
          umask 027; ulimit -n 200; ulimit -c 0; ulimit -t 1000; ulimit -s 4096
          trap '' INT USR1 PIPE; cd /usr/share; export ODD='a
          b' EMPTY=; nice -n 5 $run ]] .. facts, { as = as })
        same("setsid -w env $run " .. facts, { as = as })
        same("env -i $run " .. facts, { as = as })
        same("exec bash -ic '$run " .. facts .. "' 2>/dev/null", { as = as })
      end)
    end

    it("blocked and ignored signals", function()
      if not os.execute("test -x /usr/bin/python3") then return pending("needs python3") end
      same([[cat >start.py <<END
import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1, signal.SIGTERM, signal.SIGCHLD, 40])
signal.signal(signal.SIGHUP, signal.SIG_IGN)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.execvp(sys.argv[1], sys.argv[1:])
END
/usr/bin/python3 start.py $run ]] .. live.program("launch_facts") .. " | grep -a Sig")
    end)
  end)

  describe("waits", function()
    it("for orphans, and ends with the command's status", function()
      local begin = os.time()
      local result = shell "$run sh -c 'sleep 2 & exit 3'; echo $?"
      assert.equal("3\n", result.out)
      assert.truthy(os.time() - begin >= 1)
    end)

    it("for orphans' output", function()
      assert.equal("late\n5\n", shell("$run sh -c '(sleep 0.5; echo late) & exit 5'; echo $?").out)
    end)

    it("for daemons, which stay supervised", function()
      local directory = live.directory()
      live.write_file(directory .. "/secret", "secret\n")
      live.write_file(directory .. "/policy.lua", live.permissive ..
        ("deny.read %q\n"):format(directory .. "/secret"))
      local result = live.run {
        command = { live.binary, "run", "-q", "-p", directory .. "/policy.lua", "--", "sh", "-c",
          "setsid sh -c '(sleep 0.5; cat secret; cat /etc/hostname >/dev/null && echo other) >said 2>&1 &' & exit 0" },
        cwd = directory, as = "user",
      }
      assert.equal(0, result.status)
      local said = live.read_file(directory .. "/said")
      assert.truthy(said:find("Permission denied", 1, true), said)
      assert.truthy(said:find("other", 1, true), said)
      assert.falsy(said:find("secret\n", 1, true), said)
    end)

    it("and leaves no zombies", function()
      local result = shell([[
        $run sh -c 'i=0; while [ $i -lt 50 ]; do (sleep 0.2 &); i=$((i+1)); done; sleep 1.5' &
        sleep 1; ps -eo stat,ppid,pid --no-headers >list
        descendants() { for c in $(awk -v p=$1 '$2 == p { print $3 }' list); do echo $c; descendants $c; done; }
        for p in $(descendants $!); do awk -v p=$p '$3 == p && /^Z/' list; done | wc -l
        wait $!; echo $?]])
      assert.equal("0\n0\n", result.out)
    end)

    it("no longer than its command and what came of it", function()
      same "$run true; for i in 1 2 3 4 5 6 7 8 9 10; do $run sh -c 'true & wait' || echo failed; done"
    end)
  end)

  it("starts a command of the name of an option", function()
    same([[ mkdir bin; printf '#!/bin/sh\necho "$@"\n' >bin/tool; chmod 755 bin/tool
      $run bin/tool -p x --help -- -q ]])
  end)
end)
