-- Real programs: the same output, status and resulting tree, natively and supervised.
local live = require "live"
local compare = require "compare"

local path = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"

local function installed(program)
  return os.execute("PATH=" .. path .. " command -v " .. program .. " >/dev/null")
end

-- Names, types, modes, owners, contents and link targets; no times, no inodes.
local digest = [[
find . -printf '%p %y %m %U:%G %l\n' | LC_ALL=C sort
find . -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum
]]

describe("programs #live", function()
  local places = {}

  setup(function()
    -- One place for both runs, since programs write down where they are.
    places.root, places.user = live.directory(), live.directory()
  end)
  teardown(live.cleanup)

  local function once(text, as, policy)
    local place = places[as]
    os.execute("rm -rf " .. live.quote(place) .. "/* && mkdir -m 777 " .. live.quote(place .. "/work"))
    local work = place .. "/work"
    local result = live.run {
      command = { "bash", "-c", text }, as = as, cwd = work, policy = policy, args = { "-q" }, timeout = 100,
      env = {
        PATH = path, HOME = work, TMPDIR = "/tmp", LC_ALL = "C", USER = "someone", TERM = "xterm",
        GIT_AUTHOR_DATE = "2024-01-01T00:00:00Z", GIT_COMMITTER_DATE = "2024-01-01T00:00:00Z",
        GIT_CONFIG_NOSYSTEM = "1", EMAIL = "someone@example.org", GIT_TERMINAL_PROMPT = "0",
      },
    }
    result.tree = live.run({ command = { "sh", "-c", digest }, cwd = work }).out
    return result
  end

  -- What a program does natively is the same under whatever policy it is compared with.
  local natives = {}

  local function natively(text, as)
    local key = as .. text
    natives[key] = natives[key] or once(text, as, nil)
    return natives[key]
  end

  local function same(text, as, policy)
    local native, supervised = natively(text, as), once(text, as, policy or live.permissive)
    assert.not_equal(124, native.status, "natively it takes too long")
    assert.not_equal(124, supervised.status, "supervised it hangs: " .. supervised.out .. supervised.err)
    compare.results(native, supervised)
    compare.lines(native.tree, supervised.tree, "tree")
    assert.truthy(#native.out > 0, "it says nothing, so it proves nothing")
    return native
  end

  local git = [[
    set -e
    git init -q -b main repository && cd repository
    git config user.name Someone; git config user.email someone@example.org
    for i in $(seq 60); do mkdir -p d$((i % 7)); seq $i >d$((i % 7))/f$i; done
    ln -s d1/f1 link; chmod 755 d2/f2
    git add . && git commit -q -m first && git checkout -q -b side
    echo more >>d3/f3 && git commit -qam second && git checkout -q main && git merge -q side
    git mv d4/f4 d4/renamed && git commit -qm third && git tag v1
    git status --short --branch && git log --oneline --stat && git diff HEAD~2 --stat
    cd .. && git clone -q repository clone && cd clone && git log --format=%H
    echo change >d1/f1 && git stash -q && git stash list && git stash pop -q && git diff
    git -c gc.autoDetach=false gc -q && git fsck && git rev-parse HEAD && git archive HEAD | tar t | wc -l
    cd ../repository && git worktree add -q ../tree side && git rebase -q side && ls ../tree
    # What holds times, process numbers or names of temporary files.
    cd .. && rm -rf */.git/index tree/.git */.git/worktrees */.git/logs */.git/COMMIT_EDITMSG */.git/*HEAD
    find . -name '*.pack' -o -name '*.idx' -o -name '*.rev' | xargs rm -f]]

  local make = [[
    set -e; files=FILES
    for i in $(seq $files); do
      printf '#include "all.h"\nint f%d(int x) { return x + %d; }\n' $i $i >f$i.c
      echo "int f$i(int);" >>all.h
    done
    { echo '#include <stdio.h>'; echo '#include "all.h"'; echo 'int main(void) { int x = 0;'
      for i in $(seq $files); do echo "x = f$i(x);"; done; echo 'printf("%d\n", x); return 0; }'; } >main.c
    printf 'objects = $(patsubst %%.c,%%.o,$(wildcard *.c))\nprogram: $(objects)\n\t$(CC) -o $@ $^\n' >Makefile
    printf '%%.o: %%.c all.h\n\t$(CC) -c -O1 -o $@ $<\nclean:\n\trm -f *.o program\n' >>Makefile
    make -s -j4 && ./program && touch f7.c && make -j4 && make && make -n clean && ./program]]
  local make_some = make:gsub("FILES", "20")

  local work = {
    git = { needs = "git", text = git },
    make = { needs = "gcc", text = (make:gsub("FILES", "100")) },
    python3 = { needs = "python3", text = [[
cat >script.py <<'END'
import argparse, collections, concurrent.futures, csv, ctypes, datetime, decimal, email, glob, hashlib
import json, logging, mmap, multiprocessing, os, pathlib, pickle, re, shutil, socket, sqlite3, stat
import struct, subprocess, sys, tempfile, threading, unittest, urllib.parse, uuid, xml.etree.ElementTree, zipfile
def square(x): return x * x
if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory, tempfile.NamedTemporaryFile("w+") as file:
        print(oct(os.stat(directory).st_mode), oct(os.stat(file.name).st_mode), os.path.dirname(directory))
        file.write("text"); file.seek(0); print(file.read())
        pathlib.Path(directory, "a", "b").mkdir(parents=True); print(os.listdir(directory))
        print(tempfile.TemporaryFile().write(b"1234"))
    print(subprocess.run(["sh", "-c", "cat; exit 3"], input=b"through", capture_output=True))
    with multiprocessing.Pool(3) as pool: print(pool.map(square, range(20)))
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        print(sum(pool.map(lambda i: len(open("script.py").read()), range(200))) > 0)
    with open("map", "w+b") as file:
        file.truncate(8192)
        with mmap.mmap(file.fileno(), 0) as area: area[:5] = b"bytes"
    print(open("map", "rb").read(5), hashlib.sha256(open("map", "rb").read()).hexdigest())
    with zipfile.ZipFile("z.zip", "w") as z: z.writestr(zipfile.ZipInfo("x"), "y" * 1000)
    shutil.copytree(".", "copy"); print(sorted(os.listdir("copy")))
    db = sqlite3.connect("base.db"); db.execute("create table t (a)"); db.executemany("insert into t values (?)", [(i,) for i in range(500)])
    db.commit(); print(db.execute("select sum(a) from t").fetchone()); db.close()
    for missing in "missing", "", "script.py/x":
        try: open(missing)
        except OSError as error: print(repr(error))
    logging.basicConfig(filename="log", format="%(message)s"); logging.warning("logged")
END
python3 script.py]] },
    tar = { needs = "tar", text = [[
      set -e; mkdir tree
      for i in $(seq 2000); do d=tree/d$((i % 40))/e$((i % 3)); [ -d $d ] || mkdir -p $d; echo $i >$d/f$i; done
      ln -s d1 tree/link; mkfifo tree/fifo; chmod 0640 tree/d1/e0/f* ; chmod 2750 tree/d2; ln tree/d3/e0/f3 tree/hard
      tar cf all.tar --sort=name --mtime=@0 tree && tar tvf all.tar --numeric-owner | sha256sum
      mkdir out && tar xpf all.tar -C out && diff -r --no-dereference -x fifo tree out/tree && tar czf - tree | tar tzf - | wc -l
      tar cf - tree | (mkdir again && cd again && tar xf -) && find again | wc -l && cp -a tree copy && find copy -type f | wc -l]] },
    find = { needs = "find", text = [[
      find /usr/share/doc /usr/include -maxdepth 4 2>&1 | sort | sha256sum; find /usr/share -maxdepth 2 -type l -printf '%p %l\n' | sort
      grep -rl Copyright /usr/share/doc/[a-d]* 2>&1 | sort | sha256sum; grep -rc include /usr/include/linux | sort | sha256sum
      find /usr/share/misc /etc -maxdepth 1 -exec ls -ld --time-style=+ {} + 2>&1 | sort; ls -lR --time-style=+ /usr/share/perl* | sha256sum
      du -s --apparent-size /usr/include | cut -f1; find . -name x -newer /etc/passwd; echo $?]] },
    bash = { needs = "bash", text = [=[
      seq 5 | while read x; do echo $x >file$x; done; cat file* | tac | tr '\n' ' '; echo
      diff <(sort -r file*) <(seq 5) ; echo $?; cat <<END >here; cat here - <<<"a string"
  some $((1 + 2)) text
END
      exec 5<>both; echo five >&5; cat both; exec 5>&-; echo x | tee >(cat >copy) >/dev/null; sleep 0.2; cat copy
      set -o noclobber; echo y >copy; echo $?; set +o noclobber; echo z >>copy; : >empty; [[ -s empty ]] || echo empty
      coproc cat; echo through >&${COPROC[1]}; read line <&${COPROC[0]}; echo $line; kill $COPROC_PID; (umask 077; echo >private); ls -l private | cut -c1-10
      for i in $(seq 100); do echo $i; done | xargs -P 4 -n 10 echo | sort | head -3; echo /usr/share/mi*; test -r /etc/shadow; echo $?
      cat missing; cat <missing; echo $?; cd /missing; mkdir -p a/b/c && mkdir a; rmdir a; mktemp -u XXX | wc -c; time=$( { time true; } 2>&1 | wc -l); echo $time
      read -t 0.1 x < <(sleep 1); echo $?; echo "$(<here)"; trap 'echo bye' EXIT; wait; kill -0 $$ && echo alive; echo /dev/fd/* >/dev/null; cat /dev/stdin <<<stdin]=] },
    vim = { needs = "vim", text = [[
      printf 'one\ntwo\nthree\n' >file; vim -es -u NONE -c '%s/two/2/' -c wq file; echo $?; cat file
      script -qec "vim -u NONE -n file" /dev/null >screen < <(sleep 1; printf 'Gofour\033:wq\r'; sleep 1); echo $?; cat file; rm screen
      vim -es -u NONE -c 'e other' -c 'call setline(1, "text")' -c 'w' -c 'split file' -c '1d' -c 'wqa'; cat other file; ls -A]] },
    nano = { needs = "nano", text = [[
      printf 'one\n' >file; script -qec "nano -I file" /dev/null >screen < <(sleep 1; printf 'zero \017\r'; sleep 0.5; printf '\030'; sleep 0.5); echo $?
      cat file; rm screen; ls -A]] },
    node = { needs = "node", text = [[
      node -e '
        const fs = require("fs"), path = require("path");
        fs.mkdirSync("a/b", { recursive: true }); fs.writeFileSync("a/b/f", "x".repeat(1000), { mode: 0o640 });
        fs.appendFileSync("a/b/f", "end"); console.log(fs.readFileSync("a/b/f", "utf8").length, fs.readdirSync("a"));
        fs.copyFileSync("a/b/f", "copy"); fs.symlinkSync("copy", "link"); console.log(fs.realpathSync("link").split("/").pop());
        try { fs.openSync("missing") } catch (e) { console.log(e.code) }
        Promise.all([...Array(200).keys()].map(i => fs.promises.writeFile("p" + i, String(i)))).then(async () => {
          console.log((await Promise.all([...Array(200).keys()].map(i => fs.promises.readFile("p" + i, "utf8")))).join("").length);
          console.log(require("child_process").execSync("cat p7").toString()) })' </dev/null]] },
    perl = { needs = "perl", text = [[
      perl -MFile::Temp=tempfile,tempdir -MFile::Path=make_path -MPOSIX -MData::Dumper -we '
        my ($h, $n) = tempfile(UNLINK => 1); print $h "x"; my $d = tempdir(CLEANUP => 1); make_path("$d/a/b/c"); print -d "$d/a/b/c", "\n";
        open my $o, ">", "out" or die; print $o "line $_\n" for 1 .. 100; close $o; open my $i, "<", "out"; my @l = <$i>; print scalar @l, "\n";
        open my $p, "-|", "sort -r out | head -1" or die; print <$p>; open my $m, "+>", undef or die; print $m "anonymous"; seek $m, 0, 0; print <$m>, "\n";
        open(my $x, "<", "missing") or print "$!\n"; sysopen(my $e, "out", O_CREAT | O_EXCL | O_WRONLY) or print "$!\n"; my %i = (1 => 2); print Dumper(\%i);']] },
    sed = { needs = "sed", text = [[
      seq 200 >numbers; sed -i.old 's/1/one/;5d' numbers; wc -l numbers numbers.old; awk 'NR % 50 == 0 { print > "lines." NR } { s += $1 } END { print s }' numbers.old
      sort -S 64k -T . -R --random-source=/dev/zero numbers.old | sort -n | sha256sum; split -n 4 numbers part.; wc -c part.*; cat lines.*; head -c 100 /dev/zero | dd bs=7 2>/dev/null | wc -c
      cmp numbers numbers.old | head -1; patch --version >/dev/null 2>&1; diff -u numbers.old numbers | tail -n +3 >d; wc -l d; install -m 600 numbers installed; ls -l installed | cut -c1-10; dd if=/dev/zero of=zeros bs=1k count=64 conv=notrunc 2>/dev/null; gzip -nk zeros; gunzip -c zeros.gz | wc -c]] },
    sqlite3 = { needs = "sqlite3", text = [[
      sqlite3 base "create table t (a, b); insert into t values (1, 'x'), (2, 'y');"; sqlite3 base "pragma journal_mode=wal; insert into t select a + 2, b from t; select * from t;"
      for i in 1 2 3 4; do sqlite3 -cmd '.timeout 5000' base "insert into t values ($i, 'parallel')" & done; wait; sqlite3 base "select count(*) from t; vacuum; pragma integrity_check;"; sqlite3 base .dump | sort; rm -f base*]] },
    cp = { needs = "cp", text = [[
      mkdir -p from/sub; seq 1000 >from/file; ln -s file from/link; ln from/file from/hard; mkfifo from/fifo; chmod 4711 from/sub; touch -d @1000 from/file; setfacl -d -m u:2003:rwx from/sub 2>/dev/null
      cp -a from to && cp -r --preserve=mode from/sub again && echo copied; stat -c '%n %Y %a %h' to/file; getfacl -cp to/sub 2>/dev/null; cp from/file to/new; cp --sparse=always from/file s; mv to/new moved; cp -n moved s; ls to]] },
    rsync = { needs = "rsync", text = [[
      mkdir -p from/a/b; for i in $(seq 100); do echo $i >from/a/f$i; done; ln -s a from/link; rsync -a from/ to/; rsync -ai from/ to/; echo x >>from/a/f1
      rm from/a/f2; touch -d @2000 from/a/f1 from/a; rsync -ai --checksum --delete from/ to/; diff -r from to && echo same]] },
  }

  -- Interpreters and editors do the same whoever runs them: once is enough.
  local for_one = { node = true, perl = true, sed = true, vim = true }
  local names = { user = {}, root = {} }
  for name in pairs(work) do
    table.insert(names.user, name)
    if not for_one[name] then table.insert(names.root, name) end
  end
  for _, as in ipairs { "user", "root" } do
    table.sort(names[as])
    for _, name in ipairs(names[as]) do
      it(name .. ", as " .. as, function()
        if not installed(work[name].needs) then return pending("needs " .. work[name].needs) end
        same(work[name].text, as)
      end)
    end
    for _, policy in ipairs { "build", "workspace" } do
      it("make under " .. policy .. ", as " .. as, function()
        if not installed "gcc" then return pending("needs gcc") end
        same(make_some, as, policy)
      end)
    end
    it("git under workspace, as " .. as, function()
      if not installed "git" then return pending("needs git") end
      same(git, as, "workspace")
    end)
    it("git's questions under build, as " .. as, function()
      if not installed "git" then return pending("needs git") end
      -- The repository is there already: the policy lets a build look at it, not change it.
      local text = "git -C repository status --short; git -C repository log --oneline; git -C repository diff --stat"
      local results = {}
      for i, policy in ipairs { false, "build" } do
        local place = places[as]
        os.execute("rm -rf " .. place .. "/*")
        assert.equal(0, live.run({ cwd = place, as = as, command = { "bash", "-c", [[
          git init -q -b main repository && cd repository && git config user.name S && git config user.email s@e.org &&
          echo x >f && git add f && GIT_AUTHOR_DATE='@0 +0000' GIT_COMMITTER_DATE='@0 +0000' git commit -qm one && echo y >>f && echo new >g]] } }).status)
        results[i] = live.run { cwd = place, as = as, policy = policy or nil, args = { "-q" }, command = { "bash", "-c", text },
          env = { HOME = place } }
      end
      assert.equal(0, results[1].status, results[1].err)
      compare.results(results[1], results[2])
    end)
  end
end)
