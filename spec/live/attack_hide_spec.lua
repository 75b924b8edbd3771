local live = require "live"
local attack = require "attack"

local function word(line) return line:match("%S+$") end

local function different(wanted, got)
  local list = {}
  for i = 1, math.max(#wanted, #got) do
    if wanted[i] ~= got[i] then
      list[#list + 1] = tostring(got[i]) .. ", without it " .. tostring(wanted[i] and word(wanted[i]))
    end
  end
  return list
end

describe("what is hidden does not exist #live", function()
  after_each(live.cleanup)

  --- ROOT/shut and, in ROOT/mixed, data, inner, empty and link; with `bare` none of these are there. ROOT/open
  --- has links to them.
  local function ground(who, bare)
    local root = live.directory()
    attack.shell("cd " .. root .. [[ && umask 0 && mkdir open open/deep mixed mixed/visible shut
for x in shut mixed; do
  echo SECRET-5b1c >$x/data; chmod 777 $x/data; mkdir $x/inner $x/empty; ln -s SECRET-link $x/link
  setfattr -n user.x -v SECRET-value $x/data
  cd open; ln -s ../$x $x-near; ln -s $PWD/../$x/ $x-far; ln -s $x-near $x-chain; ln -s ../../$x/inner deep/$x
  ln -s ../$x/data $x-file; ln -s $PWD/../$x/data $x-distant; ln -s $x-file $x-second; cd ..
done; ln -s .. open/up; ln -s / open/root]], who)
    if bare then attack.shell(("cd %s && rm -r shut mixed && mkdir -m 777 mixed mixed/visible"):format(root), who) end
    return root
  end

  local policy = [[
allow.syscall "@file-change"
allow.exec { "/usr/**", "BUILD/**" }
allow.read "/**"
allow.write "ROOT/**"
hide { "ROOT/shut", "ROOT/mixed/data", "ROOT/mixed/inner", "ROOT/mixed/empty", "ROOT/mixed/link" }
]]

  local function picture(root, directory)
    return attack.shell(("cd %s/%s && find . -printf '%%p %%i %%y%%m %%U:%%G %%s %%n %%T@ %%C@ %%l\n' | grep -v '^. ' | " ..
      "sort && cat data && getfattr -h -d -m - -R . | sort"):format(root, directory))
  end

  --- Runs a program in the ground, natively or supervised; its lines, with ROOT for the root.
  local function lines(who, root, command, supervised)
    command = (command:gsub("ROOT", root):gsub("PROGRAM", live.build .. "/spec/programs"))
    if supervised then
      live.write_file(root .. "/open/policy.lua", (policy:gsub("ROOT", root):gsub("BUILD", live.build)))
      command = live.binary .. " run -q -p open/policy.lua -- sh -c " .. live.quote(command)
    end
    local result = live.run { as = who, cwd = root, command = command, timeout = 60 }
    assert.equal(0, result.status, result.err)
    return attack.lines { out = result.out:gsub(root:gsub("%p", "%%%0"), "ROOT") }
  end

  --- A command prints the same where the hidden objects are as natively where they are not.
  local function same_as_without(who, command, exception)
    local bare, root = ground(who, true), ground(who)
    local shut, mixed = picture(root, "shut"), picture(root, "mixed")
    local wanted = lines(who, bare, command)
    local got = lines(who, root, command, true)
    for i, line in ipairs(wanted) do wanted[i] = exception and exception(line) or line end
    assert.same({}, different(wanted, got))
    assert.equal(shut, picture(root, "shut"))
    assert.equal(mixed, picture(root, "mixed"))
    return wanted
  end

  local function all_ways(x, ways)
    local words = {}
    for _, way in ipairs(ways) do words[#words + 1] = live.quote((way:gsub("X", x))) end
    return ("PROGRAM/attack_names -n ROOT/%s ROOT/open %s"):format(x, table.concat(words, " "))
  end

  local ways = {
    "X", "./X", "X/.", "X//", "open/../X", "open/deep/../../X", "ROOT/X", "//ROOT/./X", "/..ROOT/X",
    "open/X-near", "open/X-far", "open/X-chain", "open/up/X", "open/rootROOT/X", "open/up/open/X-near",
    "/proc/self/rootROOT/X", "/proc/thread-self/rootROOT/X", "/proc/self/cwd/X", "/proc/self/cwd/open/X-near",
    "@open:../X", "@.:X", "%open:../X", "%open:X-near", "%open/deep:/proc/self/cwd/../../X",
    "X|/", "X|/.", "X|//", "open/X-near|/", "@open:../X|/", "^open/X-file", "^open/X-distant", "^open/X-second",
    "^/proc/self/cwd/open/X-file",
  }

  attack.each(it, "a hidden directory, for every call on every spelling", function(who)
    same_as_without(who, all_ways("shut", ways))
  end)

  -- Whether the name is there or not, making something under it is ENOENT.
  local function made_over(line)
    if line:find("over %w+$") then return (line:gsub("%w+$", "ENOENT")) end
  end

  attack.each(it, "hidden names in a directory, for every call on every spelling", function(who)
    same_as_without(who, all_ways("mixed", ways), made_over)
  end)

  local beyond = { "X/inner/..", "X/link/..", "X/data/..", "open/deep/X/..", "X|/../data", "X|/../new", "X|/../../mixed/visible",
    "X|/x", "X|/x/y", "X|/..", "X|/../", "@.:X/inner/..", "@open/deep:X/..", "%open/deep:X/.." }

  attack.each(it, "nor does a path that leads through it", function(who)
    same_as_without(who, all_ways("shut", beyond))
    same_as_without(who, all_ways("mixed", beyond), made_over)
  end)

  attack.each(it, "nor does what is wrong with it: long names, closed directories, loops", function(who)
    local long = ("n"):rep(256)
    local command, tried = { "PROGRAM/attack_try" }, {}
    for _, path in ipairs { "shut/" .. long, "shut/" .. ("x/"):rep(2000), "shut/closed/x", "shut/closed/..",
      "shut/loop", "shut/loop/x", "shut/link/", "shut/to-visible/one", "shut/../open", "mixed/inner/../visible",
      "mixed/link/one", "mixed/data/." } do
      for _, call in ipairs { "stat", "lstat", "open", "openat_create", "mkdir", "unlink", "rmdir", "chmod", "readlink",
        "chdir", "rename", "link", "truncate", "access_exists", "getxattr", "inotify", "name_to_handle_at" } do
        command[#command + 1] = call .. " " .. path .. " ,"
        tried[#tried + 1] = call .. " " .. path:sub(1, 30)
      end
    end
    command = table.concat(command, " "):sub(1, -2)
    local bare, root = ground(who, true), ground(who)
    attack.shell("cd " .. root .. " && umask 0 && mkdir -m 0 shut/closed && ln -s loop shut/loop && " ..
      "ln -s ../mixed/visible shut/to-visible", who)
    local wanted, got = lines(who, bare, command), lines(who, root, command, true)
    for i, what in ipairs(tried) do
      wanted[i], got[i] = what .. " " .. wanted[i], what .. " " .. got[i]
    end
    assert.same({}, different(wanted, got))
  end)

  attack.each(it, "not for who was started in it, or with a descriptor of it", function(who)
    local root = ground(who)
    live.write_file(root .. "/open/policy.lua", (policy:gsub("ROOT", root):gsub("BUILD", live.build)))
    local result = live.run { as = who, cwd = root .. "/shut", command = ("exec 7<. 9<data; exec %s run -q -p " ..
      "../open/policy.lua -- %s -n %s/shut %s/open . ./. inner/.. =7 =7:. =7:inner/.. '=7:../shut' '.|/' " ..
      "/proc/self/cwd /proc/self/fd/7 /dev/fd/7 ^/proc/self/fd/9"):format(live.binary, live.program("attack_names"),
      root, root) }
    assert.equal(0, result.status, result.err)
    local seen = attack.lines(result)
    assert.is_true(#seen > 800)
    for _, line in ipairs(seen) do assert.equal("ENOENT", word(line), line) end
  end)

  attack.each(it, "and what is beside it, or excepted, works", function(who)
    local root = ground(who)
    attack.shell("cd " .. root .. " && umask 0 && mkdir -p shut2 '.shut' 'shut ' free/shut shut/public/deep && " ..
      "echo public >shut/public/deep/file && ln -s shut/public/deep/file to-public && ln -s shut to-shut", who)
    live.write_file(root .. "/open/policy.lua", (policy:gsub("ROOT", root):gsub("BUILD", live.build)) ..
      ("hide { %q, except = %q }\n"):format(root .. "/free/hidden", root .. "/free/hidden/public"))
    attack.shell("cd " .. root .. " && mkdir -p free/hidden/public && echo public >free/hidden/public/file", who)
    local function run(command, supervised)
      local words = supervised and { live.binary, "run", "-q", "-p", "open/policy.lua", "--" } or {}
      local result = live.run { as = who, cwd = root, command = live.quote_all(words) .. " sh -c " ..
        live.quote((command:gsub("TRY", live.program("attack_try")):gsub("NAMES", live.program("attack_names")))) }
      assert.equal("", result.err)
      return attack.lines(result)
    end
    local works = "for d in shut2 .shut 'shut ' free/shut; do NAMES \"$d\" open \"$d\" ./\"$d\" \"$d|/\"; done"
    assert.same({}, different(run(works), run(works, true)))
    assert.same({ "ENOENT", "ENOENT", "=public", "ok", "names file", "ok", "ok", "ok", "EACCES" }, run(
      "TRY stat free/hidden , cat_all free/hidden , read free/hidden/public/file , stat free/hidden/public , " ..
      "cat_all free/hidden/public , write free/hidden/public/new , chdir free/hidden/public , " ..
      "rename free/hidden/public/new free/new , rename free elsewhere", true))
  end)

  attack.each(it, "nor can it be run, and a rule that names it through a link hides it as well", function(who)
    local root = live.directory()
    attack.shell("cd " .. root .. [[ && umask 0 && mkdir -p real/program open && cp /bin/echo real/program/echo &&
printf '#!/bin/echo script\n' >real/script && chmod 755 real/script && ln -s real link && ln -s ../real/program/echo open/run &&
printf "#!ROOT/real/program/echo\n" | sed "s,ROOT,$PWD," >open/interpreted && chmod 755 open/interpreted]], who)
    live.write_file(root .. "/open/policy.lua", ([[
allow.syscall "@file-change"
allow.exec "/**"
allow.read "/**"
allow.write "ROOT/**"
hide { "ROOT/link/program", "ROOT/link/script" }
]]):gsub("ROOT", root))
    local result = live.run { as = who, cwd = root, command = { live.binary, "run", "-q", "-p", "open/policy.lua", "--",
      "/usr/bin/python3", "-S", "-c", [[
import errno, os
for program in "real/program/echo", "link/program/echo", "real/script", "link/script", "open/run", "./open/../real/script":
    try: os.execv(program, ["x"])
    except OSError as e: print(errno.errorcode[e.errno])
try: os.execv("open/interpreted", ["x"])
except OSError as e: print(errno.errorcode[e.errno])
print(sorted(os.listdir("real")), sorted(os.listdir("link")), os.path.exists("real/program"), os.path.exists("link/script"))
]] } }
    assert.equal("", result.err)
    assert.equal(("ENOENT\n"):rep(7) .. "[] [] False False\n", result.out)
  end)

  attack.each(it, "nor can it be made to exist; who makes it from outside changes nothing", function(who)
    local root = live.directory()
    attack.shell("cd " .. root .. " && umask 0 && mkdir open && ln -s ../later open/link", who)
    live.write_file(root .. "/open/policy.lua", ([[
allow.syscall "@file-change"
allow.exec "/**"
allow.read "/**"
allow.write "ROOT/**"
hide "ROOT/later"
]]):gsub("ROOT", root))
    local making = { "openat_create", "creat", "mkdir", "mkdirat", "mknod", "mknodat", "mknodat_socket", "symlink",
      "symlinkat", "link_to", "linkat_to", "rename_to", "renameat_to", "renameat2_to", "openat_over", "creat_over" }
    local words = {}
    for _, call in ipairs(making) do
      words[#words + 1] = call .. " later ,"
      words[#words + 1] = call .. " later/x ,"
    end
    words[#words + 1] = "creat open/link , openat_over open/link , tmpfile open later , tmpfile open open/named , " ..
      "exchange open/spare later , whiteout open/spare later , write open/named , cat_all ."
    local script = ("touch open/spare; export SPARE=open; P %s; echo ready >open/ready; " ..
      "while [ -e open/ready ]; do sleep 0.05; done; P stat later , read later/data , cat_all . , mkdir later")
      :format(table.concat(words, " ")):gsub("P ", live.program("attack_try") .. " ")
    local result = live.run { as = who, cwd = root, command =
      "(while [ ! -e open/ready ]; do sleep 0.05; done; mkdir later; echo SECRET >later/data; rm open/ready) & " ..
      live.quote_all { live.binary, "run", "-q", "-p", "open/policy.lua", "--", "sh", "-c", script } }
    assert.equal("", result.err)
    local expected = {}
    for _ = 1, 2 * #making + 3 do expected[#expected + 1] = "ENOENT" end
    for _, line in ipairs { "ok", "ENOENT", "ENOENT", "ok", "names open", "ENOENT", "ENOENT", "names open", "ENOENT" } do
      expected[#expected + 1] = line
    end
    assert.same(expected, attack.lines(result))
  end)
end)

describe("a listing of a directory with hidden names #live", function()
  after_each(live.cleanup)

  --- ROOT/list with some names, of which those that begin with "hidden" are hidden; ROOT/other without.
  local function ground(who, bare, count)
    local root = live.directory()
    local more = count < 100 and "hidden-with-a-rather-long-name-$i" or ""
    attack.shell(("cd %s && umask 0 && mkdir list other && touch other/other && cd list && touch one && "):format(root) ..
      "for i in $(seq " .. count .. "); do echo a$i hidden$i " .. more .. "; " ..
      "[ $((i % 8)) != 0 ] || echo a-visible-name-that-is-long-$i; done | xargs touch && mkdir hidden-directory", who)
    if bare then attack.shell(("cd %s/list && find . -name 'hidden*' -delete"):format(root), who) end
    live.write_file(root .. "/policy.lua", ([[
allow.syscall "@file-change"
allow.exec "/**"
allow.read "/**"
allow.write "/**"
hide { "ROOT/list/hidden*" }
]]):gsub("ROOT", root))
    return root
  end

  local function list(who, root, test, supervised)
    local command = { live.program("attack_list"), test, "list", "other" }
    if supervised then
      command = { live.binary, "run", "-q", "-p", "policy.lua", "--", table.unpack(command) }
    end
    local result = live.run { as = who, cwd = root, command = command, timeout = 60 }
    assert.equal(0, result.status, result.err)
    assert.equal("", result.err)
    return attack.lines(result)
  end

  local function same_as_without(who, test, count)
    local wanted = list(who, ground(who, true, count), test)
    local got = list(who, ground(who, false, count), test, true)
    assert.same({}, different(wanted, got))
    return wanted
  end

  for _, test in ipairs { "sizes", "seek", "shared", "threads", "fork", "fault", "errors" } do
    attack.each(it, "shows what it shows without them: " .. test, function(who)
      same_as_without(who, test, 40)
    end)
  end

  attack.each(it, "lets links in links' texts be as long as the kernel does", function(who)
    local root = live.directory()
    attack.shell(("cd %s && mkdir d && echo there >d/f && python3 -c '" .. [[
import os
for i in range(12):
    text = "l%%d" %% (i + 1) if i < 11 else "d"
    os.symlink(text + "/." * ((4094 - len(text)) // 2), "l%%d" %% i)']]):format(root), who)
    local native, supervised = live.both {
      as = who, cwd = root, policy = ("default.allow() hide { %q }"):format(root .. "/hidden"),
      command = "cat l0/f l6/f; cat l0/none; cat l11/none; ls l3/; echo x >l4/new; cat d/new; rm d/new",
    }
    assert.equal("there\nthere\nf\nx\n", native.out, native.err)
    assert.equal(native.out, supervised.out, supervised.err)
    assert.equal(native.err, supervised.err)
  end)

  -- On ext4 the position of a name is its hash: the entry before a hidden name gave that away.
  for _, count in ipairs { 40, 2500 } do
    attack.each(it, "tells no place of theirs: " .. count, function(who)
      local pipe = assert(io.popen("stat -f -c %T " .. live.quote(live.directory())))
      local kind = pipe:read("l")
      pipe:close()
      if kind ~= "ext2/ext3" then
        pending("positions are hashes of names on ext4, and /tmp is on " .. kind)
        return
      end
      same_as_without(who, "places", count)
    end)
  end

  for _, test in ipairs { "threads", "shared" } do
    attack.alternate(it, "of which there are thousands: " .. test, function(who)
      local lines = same_as_without(who, test, 2500)
      local names = {}
      for name in table.concat(lines, " "):gmatch("a%S+") do names[name] = true end
      for i = 1, 2500 do assert.is_true(names["a" .. i], i) end
    end)
  end

  attack.each(it, "is of the directory that was judged, whatever the descriptor's number means by then", function(who)
    assert.same({ "both came, hidden 0" }, list(who, ground(who, false, 40), "swap", true))
  end)

  attack.each(it, "by the tools that people use", function(who)
    local command = "ls -a list; find list | sort; echo list/*; cd list && ls -f | sort; python3 -c " ..
      "'import os; print(sorted(os.listdir(\".\"))); print(sorted(e.name for e in os.scandir(\".\")))'; du -a . | wc -l; " ..
      "tar cf - . | tar tf - | sort; cp -r . ../other/copy; ls ../other/copy; rm -r ../other/copy && ls ../other"
    local native = live.run { as = who, cwd = ground(who, true, 40), command = command }
    local root = ground(who, false, 40)
    local seen = live.run { as = who, cwd = root, policy = root .. "/policy.lua", args = { "-q" }, command = command }
    assert.equal(native.out, seen.out)
    assert.equal(native.err, seen.err)
    assert.equal(native.status, seen.status)
  end)

  it("that takes its time keeps nobody from listing another one", function()
    if not live.is_root() then return pending("only root mounts") end
    local result = live.run { private = true, timeout = 60, command = { "sh", "-c", [[
      mknod /dev/fuse c 10 229 && : 2>/dev/null </dev/fuse || { echo no FUSE; exit; }
      mkdir -p back/slowest mount && for i in $(seq 130); do mkdir back/$i; done
      "$2" back mount & for i in $(seq 100); do mountpoint -q mount && break; sleep 0.05; done
      echo "default.allow() hide { '$PWD/mount/none', '$PWD/mount/*/none' }" >policy.lua
      "$1" run -q -p policy.lua -- /usr/bin/python3 -c '
import os, time
os.chdir("mount")
begun = time.monotonic()
child = os.fork()
if child == 0: os._exit(len(os.listdir("slowest")))
time.sleep(0.3)
print(sum(len(os.listdir(str(i + 1))) for i in range(130)), time.monotonic() - begun < 2.5)
print(os.waitpid(child, 0)[1], time.monotonic() - begun > 2.9)'
      umount mount; wait]], "sh", live.binary, live.program("slow_fs") } }
    if result.out == "no FUSE\n" then return pending("the kernel has no FUSE") end
    assert.equal("0 True\n0 True\n", result.out, result.err)
  end)
end)
