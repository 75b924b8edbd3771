-- Real programs that make, change and remove much: the same output, status and resulting tree with
-- modes, owners, times that were set, links and attributes, natively and supervised.
local same_tree = require "same_tree"

local git = [[
  set -e
  git init -q -b main repository; cd repository
  git config user.name Someone; git config user.email someone@example.org
  git config gc.auto 0; git config pack.threads 1
  for d in $(seq 50); do
    mkdir -p d$d/sub
    for f in $(seq 50); do echo "$d $f" >d$d/f$f; echo "$d $f below" >d$d/sub/g$f; done
  done
  ln -s d1/f1 link; chmod 755 d2/f2; git add . ; git commit -q -m first; git ls-files | wc -l
  git mv d4 moved; git mv d5/f1 d5/renamed; git commit -qm moved; git show --stat --oneline | tail -1
  git rm -rq d6 d7/sub; git commit -qm removed; git status --short; ls -d d6 d7/sub || echo both gone
  git checkout -q -b side HEAD~2; ls | wc -l
  for i in 1 2 3; do echo more >>d$i/f$i; done; git commit -qam side; git checkout -q main
  git diff --stat side | tail -1
  echo change >d1/f1; rm d2/f3; echo new >d3/new; mkdir untracked; echo x >untracked/x; ln -s nowhere d8/link
  git stash -q -u; git status --short; git stash list; git stash pop -q; git status --short
  git clean -n; git clean -fdxq; git checkout -q -- .; git status --short
  git merge -q --no-edit side; git log --format='%H %s'
  git worktree add -q ../tree side
  (cd ../tree; git status --short; echo x >d9/f9; git commit -qam tree; find . -type f | wc -l)
  git worktree move ../tree ../elsewhere; git worktree list | sed 's,.*/,,'; git worktree remove ../elsewhere
  git worktree prune; git worktree list | wc -l
  git gc -q; git count-objects -v | grep -v size; git fsck; git clone -q . ../clone; ls ../clone | wc -l
  git checkout -q side -- d6; git status --short | wc -l; git reset -q --hard HEAD~1; git rev-parse HEAD
  git branch -m side other; git tag v1; git repack -adq; git prune; git fsck; git for-each-ref
  git ls-files -s | sha256sum; git diff --stat; git archive HEAD | tar t | wc -l
  # What holds times, inode numbers or names of temporary files.
  cd ..; find . \( -name index -o -name '*.pack' -o -name '*.idx' -o -name '*.rev' -o -name packs \) -delete
  rm -rf */.git/logs */.git/*HEAD */.git/info/refs]]

-- A tree of everything. Its times are set, from the inside out.
local tree = [[
  make_tree() {
    mkdir -p tree/{a,b,c}/{x,y}; umask 022
    for i in {1..100}; do echo "$i" >tree/b/x/f$((3 * i - 2)); echo "$i" >tree/c/x/f$((3 * i - 1)); echo "$i" >tree/a/x/f$((3 * i)); done
    mkfifo -m 0620 tree/fifo; ln -s a/x/f3 tree/link; ln -s nowhere tree/dangling; ln -s b tree/directory
    ln tree/a/x/f3 tree/b/y/hard; ln tree/a/x/f3 tree/hard; ln tree/link tree/c/hardlink; ln tree/fifo tree/c/fifo
    truncate -s 1M tree/hole; echo end >>tree/hole; echo middle | dd of=tree/hole bs=1 seek=500000 conv=notrunc status=none
    : >tree/empty; chmod 0000 tree/empty; chmod 0444 tree/a/x/f6; chmod 4755 tree/a/x/f9; chmod 2755 tree/b/x; chmod 1777 tree/c/y
    setfattr -n user.note -v 'some text' tree/a/x/f3 tree/b; setfattr -n user.binary -v 0x00ff0a tree/a/x/f12
    setfacl -m u:2003:rw,g:2004:r tree/a/x/f15; setfacl -d -m u:2003:rwx tree/a/y; echo inherits >tree/a/y/f; mkdir tree/a/y/d
    echo x >"tree/odd
name"; echo y >tree/$'\xff\xfe'; echo z >tree/-r; mkdir "tree/with space"
    if [ $(id -u) = 0 ]; then
      chown 2001:2002 tree/a/x/f18 tree/b/y; chown -h 2005:2006 tree/link; chown 2001 tree/a/x/f9; chmod 4755 tree/a/x/f9
      mknod -m 640 tree/device c 1 3; setfattr -n trusted.mark -v for-root tree/c
      setfattr -n security.capability -v 0x0100000200040000000000000000000000000000 tree/a/x/f21
      mknod tree/block b 7 200; setfattr -h -n trusted.link -v on-a-link tree/dangling
    fi
    find tree -depth -exec touch -h -d @1000000000.123456789 {} +; touch -h -d '1969-12-31 23:59:58.5' tree/link
  }
  show() { (cd $1; find . \( -newermt 2020-01-01 -printf '%P %y %m %U:%G %n now %l\n' \) -o -printf '%P %y %m %U:%G %n %T@ %l\n' | LC_ALL=C sort | sha256sum; find . -type f ! -name empty -print0 |
    LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum; getfattr -R -h -P -d -m - . 2>&1 | sha256sum); }
  make_tree]]

local tar = tree .. [[

  set -e; show tree
  all="--xattrs --xattrs-include=* --acls --same-owner --numeric-owner --ignore-failed-read"
  tar $all --sort=name -S -cpf all.tar tree 2>errors || echo "status $?"; sort errors; tar tvvf all.tar --full-time | sha256sum
  mkdir out; tar $all -xpf all.tar -C out || echo "status $?"; show out/tree
  tar -df all.tar -C out || echo "status $?"; tar $all -xpf all.tar -C out --overwrite || echo "status $?"; show out/tree
  tar -xkf all.tar -C out 2>&1 | sort | sha256sum; tar $all --unlink-first --recursive-unlink -xpf all.tar -C out || echo "status $?"; show out/tree
  mkdir plain; tar -xf all.tar -C plain --no-same-owner --no-same-permissions -m 2>&1 | sort; ls -lR plain --time-style=+ | awk '{ print $1, $NF }' | sha256sum
  mkdir listed; tar -c --listed-incremental=snapshot -f first.tar tree 2>/dev/null || echo "status $?"; chmod u+w tree/a/x; rm -f tree/a/x/f[12]*; echo new >tree/new
  tar -c --listed-incremental=snapshot -f second.tar tree 2>/dev/null || echo "status $?"
  for n in first second; do tar $all -xp --listed-incremental=/dev/null -f $n.tar -C listed || echo "status $?"; done; find listed | wc -l
  tar -c --remove-files -f gone.tar tree 2>&1 | sort; ls tree 2>&1 | wc -l; tar tf gone.tar | wc -l; rm -f *.tar snapshot errors]]

local rsync = tree .. [[

  rsync --version | head -1; chmod 400 tree/empty
  rsync -a tree/ one/; echo $?; show one; rsync -aHAXS tree/ two/; echo $?; show two; rsync -aHAXi tree/ two/; echo $?
  echo more >>tree/a/x/f30; rm tree/a/x/f33; chmod 600 tree/a/x/f36; touch -d @5 tree/a/x/f39; ln -sf b/x tree/link; rm -r tree/c/y; echo file >tree/c/y
  setfattr -n user.note -v other tree/b; mv tree/a/x/f42 tree/b/f42; chmod 700 tree/b/x; rm tree/b/y/hard; mkdir tree/b/y/hard
  rsync -aHAXi --delete --delay-updates tree/ two/; echo $?; show two
  rsync -ai --backup --backup-dir=../old --suffix=.was --delete tree/ one/; echo $?; show one; find old | sort
  rsync -aiH --link-dest=../two tree/ three/ | sort; echo $?; show three; stat -c '%h %n' three/a/x/f60
  echo appended >>tree/hole; rsync -ai --inplace --no-whole-file tree/ one/; rsync -a --append-verify tree/hole two/; cmp tree/hole two/hole && echo equal
  rsync -a --remove-source-files tree/b/ four/; find tree/b four | sort; rsync -an --delete /dev/null missing/ 2>&1 | head -1; rsync -a missing/ five/ 2>&1 | head -1; rsync -rlp --chmod=D700,F640 three/a/ six/; show six]]

local cp = tree .. [[

  set -e; chmod 400 tree/empty
  cp -a tree one; show one; cp -a --sparse=always --reflink=auto tree two; show two; diff -r --no-dereference -x fifo -x device -x block tree two && echo same
  cp -rL tree/a followed; find followed | wc -l; cp -r --preserve=mode,timestamps tree/b some; show some; cp -al tree/a linked; stat -c '%h %n' linked/x/f9
  cp -as "$PWD/tree/a" symlinks; readlink symlinks/x/f9 | sed 's,.*/tree,tree,'; cp -u tree/a/x/f3 one/a/x/f3; cp -a --remove-destination tree/link one/hole; readlink one/hole
  cp --backup=numbered tree/a/x/f3 one/empty || echo "status $?"; ls one | grep empty; cp -rT tree/c one/new || echo "status $?"; cp -n tree/a/x/f3 one/a/x/f6; cat one/a/x/f6
  cp --parents tree/b/x/f10 one; cat one/tree/b/x/f10; cp -a one/. three; show three; cp tree/a/x/f6 four; stat -c '%a %n' four; cp tree/hole five; cmp five tree/hole; stat -c %s five
  cp -p tree/a/x/f9 six; stat -c '%a %u %Y' six; cp tree one/missing/x 2>&1 || echo "status $?"; mkdir self; cp -r self self/inner 2>&1 || echo "status $?"; find self; rm -rf two; mv one moved; show moved]]

local find = tree .. [[

  show tree; mkdir -p deep/{1,2,3,4}/{1,2,3,4}/{1,2,3,4}; find deep -type d -exec touch {}/f {}/g {}/h.o \; ; find deep | wc -l
  find deep -name '*.o' -exec chmod 600 {} +; find deep -perm 600 | wc -l; find deep -name g -exec rm {} \; ; find deep -type f | wc -l
  find deep -name f -execdir mv {} renamed \; ; find deep -name renamed | wc -l; find deep -path '*/2/*' -delete; find deep | sort
  find deep -mindepth 2 -type d -empty -delete -print | sort; find tree -type f -newermt @0 -exec touch -d @7 {} + ; find tree -links +1 | sort -z | sort
  find tree -type f -exec chmod u+w,go-rwx {} +; find tree -type l -delete; find tree -name 'f1?' -ok rm {} \; </dev/null 2>&1 | wc -l; find tree -name 'f2*' -print0 | xargs -0 -P4 -n3 rm
  find tree -type d -exec chmod 700 {} \; ; find . -type p -exec ls -l --time-style=+ {} + ; show tree; find deep tree/a -depth -delete; echo $?; find tree/missing -delete; echo $?
  find tree ! -name tree -type d -exec rm -r {} + 2>&1 | wc -l; find tree -fprint list; wc -l <list; rm -rfv tree/* | wc -l; rmdir tree; echo $?; rm -rf deep; ls]]

local sqlite = [[
  for mode in wal delete truncate persist; do
    sqlite3 base "pragma journal_mode = $mode; create table t (writer integer, number integer);"
    for writer in 1 2 3 4; do
      for i in $(seq 40); do echo "insert into t values ($writer, $i);"; [ $((i % 10)) = 0 ] && echo "begin immediate; update t set number = number + 1 where writer = $writer; commit;"; done |
        sqlite3 -batch -bail -cmd '.timeout 60000' base || echo "writer $writer failed" &
    done; wait
    sqlite3 base 'select writer, count(*), sum(number) from t group by writer; pragma integrity_check; pragma journal_mode;'
    sqlite3 base 'begin; delete from t where writer = 1; rollback; select count(*) from t; vacuum; select count(*) from t;'; stat -c %a base; ls; rm -f base*
  done
  cat >both.py <<'END'
import sqlite3, threading
sqlite3.connect("base").execute("pragma journal_mode=wal")
connection = sqlite3.connect("base"); connection.execute("create table t (a integer)"); connection.commit(); connection.close()
def write(number):
    connection = sqlite3.connect("base", timeout=60)
    for i in range(30):
        with connection: connection.execute("insert into t values (?)", (number * 1000 + i,))
    connection.close()
threads = [threading.Thread(target=write, args=(i,)) for i in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(sqlite3.connect("base").execute("select count(*), sum(a) from t").fetchone())
END
  python3 both.py; rm -f base*]]

local dpkg = [[
  set -e; export SOURCE_DATE_EPOCH=1000000000; umask 022
  mkdir -p package/DEBIAN package/usr/bin package/etc/thing package/usr/share/doc/thing package/var/lib/thing
  cat >package/DEBIAN/control <<'END'
Package: thing
Version: 1.0-1
Architecture: all
Maintainer: Someone <someone@example.org>
Description: a package for a moment
END
  echo /etc/thing/config >package/DEBIAN/conffiles; echo setting=1 >package/etc/thing/config; printf '#!/bin/sh\necho thing\n' >package/usr/bin/thing
  chmod 755 package/usr/bin/thing; ln -s thing package/usr/bin/other; ln package/usr/bin/thing package/usr/bin/hard; chmod 1777 package/var/lib/thing
  for i in $(seq 200); do echo $i >package/usr/share/doc/thing/f$i; done; touch package/var/lib/thing/empty; chmod 4711 package/var/lib/thing/empty
  find package -exec touch -h -d @1000000000 {} +; dpkg-deb --root-owner-group -b package thing.deb; sha256sum thing.deb; dpkg-deb -c thing.deb | sha256sum; dpkg-deb -I thing.deb | head -3
  dpkg-deb -x thing.deb out; find out -newermt 2020-01-01 -printf '%P %y %m %n now\n' -o -printf '%P %y %m %n %T@\n' | sort | sha256sum; dpkg-deb -e thing.deb control; cat control/control; dpkg-deb -R thing.deb raw; diff -r raw package && echo same
  dpkg-deb --fsys-tarfile thing.deb | tar t | wc -l; mkdir -p root/var/lib/dpkg/{info,updates,triggers}; : >root/var/lib/dpkg/status; : >root/var/lib/dpkg/available
  install() { dpkg --root="$PWD/root" --log=/dev/null --force-not-root --force-script-chrootless "$@" </dev/null 2>&1 | sed 's/^(Reading.*//' || echo "status $?"; }
  install -i thing.deb; root/usr/bin/thing || true; find root -type f | wc -l; echo changed >>root/etc/thing/config; sed -i s/1.0-1/2.0/ package/DEBIAN/control; echo setting=2 >package/etc/thing/config
  rm package/usr/share/doc/thing/f1*; dpkg-deb --root-owner-group -b package new.deb; install --force-confdef --force-confold -i new.deb; find root -type f | wc -l; cat root/etc/thing/config
  install -V thing; install -r thing; find root -type f ! -path '*/dpkg/*' | sort; install -P thing; find root ! -path '*/dpkg*' | sort; rm -rf root/var/lib/dpkg *.deb]]

local python = [[
cat >script.py <<'END'
import ctypes, errno, os, pathlib, shutil, stat, sys, tempfile
def attempt(what, *arguments, **options):
    try: return what(*arguments, **options)
    except OSError as error: return errno.errorcode[error.errno] + " " + ascii(error.filename)[:60]
names = [b"new\nline", b"\xff\xfe invalid \x80", b"x" * 255, b" ", b"-rf", b"\\", b"'\"$(`", b"tab\t", "\u00e4\u4e2d\U0001f600".encode(), b"\x01\x7f", b"...", b"%s%n"]
os.mkdir(b"odd")
for i, name in enumerate(names):
    with open(b"odd/" + name, "wb") as file: file.write(name)
    os.mkdir(b"odd/d" + name[:254]); os.symlink(name, b"odd/l" + name[:254]); os.chmod(b"odd/" + name, 0o600 + i); os.utime(b"odd/" + name, ns=(10**18 + i, 10**18 + 2 * i))
    os.setxattr(b"odd/" + name, "user.number", b"%d" % i); os.link(b"odd/" + name, b"odd/h" + name[:254])
print(attempt(os.mkdir, b"odd/" + b"y" * 256), attempt(open, b"odd/" + b"y" * 256, "w"), attempt(os.symlink, b"", b"odd/nothing"), attempt(os.mkdir, b""), attempt(os.rename, b"odd/ ", b"odd/" + b"z" * 256))
shutil.copytree(b"odd", b"copy", symlinks=True); shutil.copytree("odd", "followed"); print(len(os.listdir("copy")), len(os.listdir("followed")))
shutil.move(b"odd/new\nline", b"odd/-rf"); shutil.move(b"odd/" + b"x" * 255, b"moved\xff"); shutil.move("copy", "followed"); print(sorted(map(ascii, os.listdir(b"followed/copy")))[:3])
shutil.rmtree(b"followed/copy/d" + names[1]); shutil.rmtree(b"odd"); print(os.path.exists("odd"), attempt(shutil.rmtree, "odd"), attempt(os.rmdir, "followed"))
# A path of 4,095 bytes, by descending; one byte more is too long for a name, not for the tree.
here = os.getcwd(); length = len(here); depth = 0; directory = os.open(".", os.O_RDONLY)
while length + 201 < 4095 - 1:
    os.mkdir(b"p" * 200, dir_fd=directory); inner = os.open(b"p" * 200, os.O_RDONLY, dir_fd=directory); os.close(directory); directory = inner; length += 201; depth += 1
last = b"q" * (4095 - length - 1); whole = os.fsencode(here) + (b"/" + b"p" * 200) * depth + b"/" + last
print(len(whole)); open(whole, "w").write("the longest"); print(open(whole).read(), os.stat(whole).st_size, attempt(os.stat, whole + b"r")); os.chmod(whole, 0o640); os.utime(whole, (1, 2))
print(attempt(open, whole + b"r", "w"), attempt(os.rename, whole, whole + b"r"), attempt(os.link, whole, os.path.dirname(whole) + b"/" + last[:-1])); os.setxattr(whole, "user.far", b"away"); print(os.getxattr(whole, "user.far"), os.listxattr(whole))
os.mkdir(b"r", dir_fd=directory); os.fchdir(directory); os.chdir(b"r"); print(len(attempt(os.getcwd)) - len(here), open("beyond", "w").write("more")); os.symlink(b"s" * 4095, "long"); print(len(os.readlink("long")), attempt(os.stat, "long"), attempt(os.symlink, b"s" * 4096, "longer"))
os.rename("beyond", "../further"); os.link("../further", "again"); os.unlink("long"); os.truncate("again", 2); print(os.stat("../further").st_size, os.stat("again").st_nlink); os.mkdir("t" * 20); os.rmdir("t" * 20); os.chdir(".."); print(sorted(len(name) for name in os.listdir(".")))
os.chdir(here); os.rename(b"p" * 200, b"short"); print(attempt(os.stat, os.fsencode(here) + b"/short" + (b"/" + b"p" * 200) * (depth - 1) + b"/" + last).st_size, open(last, opener=lambda path, flags: os.open(path, flags, dir_fd=directory)).read())
shutil.rmtree(b"short"); print(attempt(os.stat, "further", dir_fd=directory), attempt(os.mkdir, "in-removed", dir_fd=directory), attempt(os.stat, ".", dir_fd=directory).st_nlink); os.close(directory)
# pathlib and tempfile
top = pathlib.Path("path"); (top / "a" / "b").mkdir(parents=True, mode=0o750); (top / "f").write_text("text"); (top / "f").rename(top / "g"); (top / "g").replace(top / "a" / "g"); (top / "s").symlink_to("a/g"); (top / "h").hardlink_to(top / "a" / "g")
print(sorted(str(p) for p in top.rglob("*")), (top / "s").read_text(), (top / "s").resolve().name, (top / "a" / "g").stat().st_nlink, (top / "s").lstat().st_mode & 0o170000, (top / "none").exists()); (top / "touched").touch(mode=0o604); (top / "touched").touch()
(top / "touched").chmod(0o4640); (top / "s").unlink(); (top / "none").unlink(missing_ok=True); print(attempt((top / "a").rmdir), attempt((top / "a").unlink), attempt((top / "touched" / "x").touch), attempt(os.rename, "path/a", "path/a/b/c"), attempt(os.rename, "path/h", "path/a"), attempt(os.rename, "path/a", "path/h"), attempt(os.replace, "path/a", "path"))
for prefix in b"new\nline", b"\xff\x80", b"x" * 240:
    with tempfile.TemporaryDirectory(prefix=prefix, dir=b".") as directory, tempfile.NamedTemporaryFile(prefix=prefix, dir=directory) as file: print(oct(os.stat(directory).st_mode), oct(os.stat(file.name).st_mode), len(os.listdir(directory)), file.write(b"x"))
handle, name = tempfile.mkstemp(prefix=b"\n", dir=b"."); os.write(handle, b"x"); os.replace(name, b"from\ntemporary"); os.fchmod(handle, 0o644); os.ftruncate(handle, 1000); os.utime(handle, (5, 6)); os.setxattr(handle, "user.open", b"1"); os.close(handle)
with open(os.open(".", os.O_TMPFILE | os.O_RDWR, 0o604), "w+b") as file, tempfile.TemporaryFile(dir=".") as other:
    file.write(b"z" * 100); file.flush(); here = os.open(".", os.O_RDONLY); print(attempt(os.link, "/proc/self/fd/%d" % file.fileno(), "linked", dst_dir_fd=here), os.stat("linked").st_size, os.fstat(file.fileno()).st_nlink, other.write(b"x"), attempt(os.link, "/proc/self/fd/%d" % other.fileno(), "refused", dst_dir_fd=here)[:6]); os.close(here)
with tempfile.SpooledTemporaryFile(10, dir=".") as file: file.write(b"y" * 100); print(file.tell())
open("left", "w").write("left"); open("right", "w").write("right"); renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
def exchange(old, new, flags): return "done" if renameat2(-100, old, -100, new, flags) == 0 else errno.errorcode[ctypes.get_errno()]
print(exchange(b"left", b"right", 2), open("left").read(), exchange(b"left", b"path", 2), os.path.isdir("left"), exchange(b"left", b"none", 2), exchange(b"left", b"right", 1), exchange(b"right", b"fresh", 1), exchange(b"left", b"path", 3), exchange(b"left", b"x", 8), os.path.isfile("path"))
for name in "left", "fresh":
    os.utime(name, ns=(123456789012345678, 987654321098765432)); os.utime(name, follow_symlinks=False, ns=(1, -1))
print(attempt(os.mkfifo, "fifo", 0o622), attempt(os.mknod, "sock", 0o644 | stat.S_IFSOCK), attempt(os.mknod, "plain", 0o600 | stat.S_IFREG), os.geteuid() == 0 or attempt(os.mknod, "dev", 0o644 | stat.S_IFCHR, os.makedev(1, 3)), attempt(os.chown, "fifo", -1, -1), os.geteuid() == 0 or attempt(os.chown, "fifo", 0, 0), attempt(os.truncate, "fifo", 0), attempt(os.truncate, "left", 0))
print(os.access("fresh", os.R_OK), os.access("fresh", os.X_OK), attempt(os.access, "fresh", os.W_OK, effective_ids=True), os.access("none", os.F_OK), os.statvfs(".").f_namemax, [entry.name for entry in sorted(os.scandir("."), key=lambda entry: os.fsencode(entry.name)) if entry.is_dir()][:3])
old = os.umask(0o777); os.mkdir("masked"); open("masked-file", "w").close() if os.geteuid() == 0 else os.close(os.open("masked-file", os.O_CREAT | os.O_WRONLY)); os.mkfifo("masked-fifo"); os.umask(old)
END
  python3 script.py]]

local coreutils = tree .. [[

  chmod 600 tree/empty; install -D -m 0751 tree/a/x/f1 into/deep/er/f1 2>&1; install -D -m 0751 tree/b/x/f1 into/deep/er/f1; install -d -m 2770 into/d1 into/d2/d3; install -m 4755 -t into/d1 tree/a/x/f3 tree/b/x/f4; install -p -m 640 tree/a/x/f6 into/p
  install -b -S .was -m 600 tree/a/x/f9 into/p; install -C -m 600 tree/a/x/f9 into/p; ls -R into; [ $(id -u) = 0 ] && install -o 2007 -g 2008 -m 6755 tree/a/x/f9 into/owned; stat -c '%n %a %U:%G' into/* | sed 's/UNKNOWN/?/g'
  mkfifo -m 0600 pipe1; mkfifo pipe2 && mkfifo pipe2; (echo through >pipe1 &) ; cat pipe1; ln -f tree/a/x/f9 tree/a/x/f12; cat tree/a/x/f12; ln -s -f one symbolic; ln -s -f two symbolic; readlink symbolic; ln -sfn tree symbolic; ln -sf new symbolic
  ls -d tree/new; readlink tree/new; ln -sfT other symbolic; readlink symbolic; ln symbolic hard-symbolic; ln -L tree/link hard-file; stat -c '%F %h' hard-symbolic hard-file; ln tree missing; ln -sr tree/a/x/f15 tree/b/relative; readlink tree/b/relative; ln -b -f pipe1 pipe2; ls pipe*
  echo one >one; echo two >two; mv -n one two; cat two; ls one; mv -T one three; mv -f three two; cat two; mkdir empty full; touch full/x; mv -T empty full; mv -T full empty && ls empty; mv empty tree/a; mv two tree/a/x; mv tree/a/x tree/a/empty; ls tree/a tree/a/empty
  mv tree/a tree/a/y 2>&1 | wc -l; mv --backup=t tree/b/x/f1 tree/b/x/f4; ls tree/b/x | grep f4; if mv --help | grep -q -- --exchange; then echo l >l; echo r >r; mv --exchange l r; cat l r; mv --exchange -T l tree/b; cat tree/b; mv --exchange -T l tree/b; fi; mv nothing nowhere; mv tree/c/fifo .; mv -u fifo pipe1
  chmod -R g+rwX,o-rwx tree/b; chmod -R --silent u=rwX,go= tree/c; chmod +t tree/c; chmod -v 0644 tree/link; chmod --reference=tree/c tree/b; chmod 7777 into/p; chmod -x into/p; chmod u=s,g=rw into/p; chmod 644 tree/dangling; chmod 644 missing; stat -c '%a %n' into/p tree/c
  if [ $(id -u) = 0 ]; then chown -R 2010:2011 tree/b; chown -Rh 2012 tree/a; chown --from=2010 2013 tree/b/x/f4; chown -R -L :2014 tree/directory; chgrp -h 2015 tree/dangling; chown 2016 tree/dangling; chown --reference=tree/b into/p; stat -c '%u:%g %a %n' into/p
  else chown 0 tree/b; chgrp 0 tree/b; chown $(id -u):$(id -g) tree/b; chown -R $(id -u) tree/c && echo own; fi
  touch -d '2001-02-03 04:05:06.789' t1; touch -a -d @10 t1; touch -m -d @20.5 t1; touch -r t1 t2; touch -h -d @30 symbolic; touch -c none; touch -d @-100 t3; touch -t 203001010101.01 t4; touch t5 t5; touch missing/x; touch -d @1e3 t6; touch -am -d @40 tree/fifo; touch -d @50 tree/link; stat -c '%X %Y %n' t1 t2 t3 t4 tree/fifo
  truncate -s 100 t1; truncate -s +50 t1; truncate -s %64 t1; truncate -s -10 t1; truncate -s '<20' t1; truncate -r t1 t2; truncate -c -s 5 none; truncate -s 3G big; truncate -s 0 tree/hole; truncate -s 10 tree/fifo; truncate -s 10 tree; truncate -s 5 symbolic; stat -c '%s %n' t1 t2 big symbolic; rm big
  setfacl -m u:2020:rwx,g:2021:rx,m::rx tree/b; setfacl -R -m u:2022:rX tree/b; setfacl -d -m o::-,u:2023:rw tree/c; touch tree/c/acl; mkdir tree/c/acl-d; setfacl -x u:2022 tree/b/x; setfacl -b tree/b/y; setfacl -k tree/a/y 2>&1; getfacl -R tree/b tree/c 2>&1 | sha256sum; getfacl -Rn tree >acls; setfacl -Rb tree/b; setfacl --restore=acls; echo $?; getfacl -n tree/b
  getfacl tree/c | setfacl --set-file=- tree/b/x; setfacl -m u:2020:r tree/fifo; setfacl -m u:2020:r missing; setfattr -n user.a -v b tree/b; setfattr -x user.a tree/b; setfattr -x user.a tree/b; setfattr -n user.a -v b tree/fifo; setfattr -n user.big -v "$(head -c 3000 /dev/zero | tr '\0' x)" tree/b; getfattr -n user.big --only-values tree/b | wc -c; setfattr -n trusted.t -v x tree/c; echo $?
  setfattr -n user.$(head -c 250 /dev/zero | tr '\0' n) -v long tree/b; setfattr -n user.$(head -c 251 /dev/zero | tr '\0' n) -v long tree/b; setfattr -n none.x -v y tree/b; getfattr -R -d -m - tree 2>&1 | sha256sum; setfattr -h -n user.l -v y tree/dangling; setfattr -n user.empty tree/b; getfattr -d tree/b | sha256sum; rmdir tree/c; rmdir -p into/d2/d3; rmdir into/d1/f3 pipe1; unlink tree; unlink pipe2; mkdir -p -m 700 m/n/o; mkdir m; mkdir one/two; mkdir -p t1/x; ls
  sync tree/b; stat -f -c %l tree; readlink -f tree/directory/../link | sed 's,.*/work,work,'; readlink -e missing/x; realpath --relative-to=. tree/directory/x; mktemp -d XXXXXX | wc -c; rm -rf ??????; shred -n1 -u t2; ls t2; split -b 20 t1 piece.; csplit -s acls 5 10; cat xx0* | cmp - acls; rm xx*; rm tree; rm -d m; rm -r m; rm -f none; echo $?; rm t1/; ls]]

local work = {
  ["git on 5,000 files"] = { text = git, needs = { "git" } },
  tar = { text = tar, needs = { "tar", "setfattr", "setfacl" } },
  rsync = { text = rsync, needs = { "rsync", "setfattr", "setfacl" } },
  ["cp -a"] = { text = cp, needs = { "setfattr", "setfacl" } },
  find = { text = find, needs = { "find", "setfattr", "setfacl" } },
  sqlite3 = { text = sqlite, needs = { "sqlite3", "python3" } },
  ["dpkg-deb"] = { text = dpkg, needs = { "dpkg-deb", "dpkg" } },
  python3 = { text = python, needs = { "python3" } },
  coreutils = { text = coreutils, needs = { "setfattr", "setfacl" } },
}

describe("programs that change trees #live", function()
  teardown(same_tree.cleanup)

  local names = {}
  for name in pairs(work) do names[#names + 1] = name end
  table.sort(names)
  for _, as in ipairs(same_tree.identities) do
    for _, name in ipairs(names) do
      it(name .. ", as " .. as, function()
        for _, program in ipairs(work[name].needs) do
          if not same_tree.installed(program) then return pending("needs " .. program) end
        end
        local text = work[name].text
        -- Once with all the files is enough.
        if as == "root" and name:find("^git") then text = text:gsub("seq 50", "seq 10") end
        same_tree.same(text, as)
      end)
    end
  end
end)
