local live = require "live"
local attack = require "attack"

describe("every spelling of a path", function()
  after_each(live.cleanup)

  --- Sets up with a native script, then runs a supervised one, both in the ground; the lines that the
  --- latter printed. `attack_open` is in its PATH.
  local function lines(who, setup, script, more)
    local root, policy = attack.ground(who, more)
    attack.shell("cd " .. root .. " && PATH=" .. live.build .. "/spec/programs:$PATH\n" ..
      setup:gsub("ROOT", root), who)
    live.write_file(root .. "/policy.lua", policy)
    local result = live.run {
      as = who, cwd = root,
      command = { live.binary, "run", "-q", "-p", "policy.lua", "--", "sh", "-c",
        "PATH=" .. live.build .. "/spec/programs:$PATH\n" .. script:gsub("ROOT", root) },
    }
    assert.equal("", result.err)
    return attack.lines(result), root
  end

  local function all(word, count)
    local list = {}
    for i = 1, count do list[i] = word end
    return list
  end

  attack.each(it, "symlinks to it: last, middle, chained, absolute, relative, to a parent", function(who)
    local seen = lines(who, [[
      cd open; ln -s ROOT/shut/data a; ln -s ../shut/data b; ln -s ../shut c; ln -s a d; ln -s d e
      ln -s ROOT f; ln -s / g; ln -s ../open/./../shut//data h; ln -s ROOT/shut/ i; mkdir deep
      ln -s ../../shut/inner deep/j; ln -s data inner]], [[
      cd open; attack_open 0 a b c/data d e f/shut/data g/ROOT/shut/data h i/data deep/j/data \
        deep/j/../data c/inner/../data ./c/./data //ROOT/shut/data
      attack_open 0 data inner f/open/data g/ROOT/open/data deep/../data]])
    assert.same({ table.unpack(all("EACCES", 14)) }, { table.unpack(seen, 1, 14) })
    assert.same(all("=innocent", 5), { table.unpack(seen, 15) })
  end)

  attack.each(it, "dots, doubled slashes, the root's parent, .. behind a symlink", function(who)
    local seen = lines(who, "mkdir open/deep; ln -s ../../shut/inner open/deep/link", [[
      attack_open 0 shut/data ./shut/data shut//data shut/./data shut/inner/../data \
        open/../shut/data /..ROOT/shut/data /../../ROOT/shut/data open/deep/link/../data \
        ROOT/open/deep/../../shut/data
      attack_open 0 open/deep/link/../../open/data open/./data open//data]])
    assert.same(all("EACCES", 10), { table.unpack(seen, 1, 10) })
    assert.same(all("=innocent", 3), { table.unpack(seen, 11) })
  end)

  attack.each(it, "openat2 with every RESOLVE flag, and creat", function(who)
    local seen = lines(who, "ln -s ../shut/data open/link; ln -s ROOT/shut/data open/far", [[
      for flag in 0 1 2 4 8 16 12 20 32; do attack_open -2 $flag 0 shut/data; done
      attack_open -d . -2 8 0 shut/data; attack_open -d . -2 16 0 shut/data /shut/data /../shut/data
      attack_open -2 0 0 open/link open/far; attack_open -d . -2 8 0 open/link
      attack_open -d . -2 8 0 open/data; attack_open -d . -2 16 0 /open/data /../open/data]])
    for i = 1, 8 do assert.equal("EACCES", seen[i], "flag number " .. i) end
    assert.is_truthy(seen[9] == "EACCES" or seen[9] == "EAGAIN", seen[9]) -- RESOLVE_CACHED
    assert.same(all("EACCES", 7), { table.unpack(seen, 10, 16) })
    assert.same(all("=innocent", 3), { table.unpack(seen, 17) })
  end)

  attack.each(it, "creating, truncating and writing leave no trace", function(who)
    local seen, root = lines(who, "ln -s ../shut/new open/dangling; ln -s ../shut/data open/link", [[
      attack_open -w 0x242 shut/new shut/data open/dangling open/link
      attack_open -w 0x2c2 shut/new shut/data
      attack_open -w 0x201 shut/data open/link; attack_open -w 0x402 shut/data; attack_open 0x200 shut/data
      attack_open -w 0x1 shut/data; attack_open -w 0x3 shut/data; attack_open -w 0x410001 shut
      attack_open -2 0 0x242 shut/new open/dangling; attack_open -2 16 -d . 0x242 /shut/new
      attack_open -m 0755 shut/made open/dangling shut/inner/made]])
    local expected = all("EACCES", 19)
    expected[6] = "EEXIST" -- of which there is no doubt, whoever asks
    expected[18] = "EEXIST"
    if seen[6] == "EACCES" then expected[6] = "EACCES" end
    assert.same(expected, seen)
    assert.equal(attack.secret .. "\n", live.read_file(root .. "/shut/data"))
    assert.equal(".\n./data\n./inner\n./inner/data\n",
      attack.shell(("cd %s/shut && find . | sort"):format(root)))
  end)

  attack.each(it, "a dangling symlink creates only where creating is allowed", function(who)
    local seen, root = lines(who, [[ln -s made open/good; ln -s ../shut/new open/bad
      ln -s ../shut/../open/also open/round; ln -s bad open/chain; ln -s ../shut/new/ open/slash]], [[
      attack_open 0x41 open/bad open/chain open/slash; attack_open 0xc1 open/bad open/good
      attack_open -w 0x42 open/good open/round]])
    assert.equal("EACCES", seen[1])
    assert.equal("EACCES", seen[2])
    assert.is_truthy(seen[3] == "EISDIR" or seen[3] == "EACCES", seen[3])
    assert.same({ "EEXIST", "EEXIST", "=written", "=written" }, { table.unpack(seen, 4) })
    assert.equal("written", live.read_file(root .. "/open/made"))
    assert.equal("written", live.read_file(root .. "/open/also"))
    assert.equal(".\n./data\n./inner\n./inner/data\n",
      attack.shell(("cd %s/shut && find . | sort"):format(root)))
  end)

  attack.each(it, "O_PATH descriptors: as directory, reopened, run, of links", function(who)
    local seen = lines(who, [[
      cp /bin/true shut/program; chmod 755 shut/program; ln -s ../shut/data open/link]], [[
      exec 5<open/data
      attack_open 0x200000 shut shut/data open/link; attack_open -d shut 0 data
      attack_open 0x220000 open/link >/dev/null; attack_open -d open 0 ../shut/data link
      attack_open 0 /proc/self/fd/5 /dev/fd/5; attack_open 0x200000 open/data >/dev/null && echo pinned]])
    assert.same({ "EACCES", "EACCES", "EACCES", "EBADF", "EACCES", "EACCES", "=innocent", "=innocent",
      "pinned" }, seen)
  end)

  attack.each(it, "a descriptor that only names a program does not run it", function(who)
    local root, policy = attack.ground(who)
    attack.shell(("cp /bin/echo %s/shut/echo && cp /bin/echo %s/open/echo"):format(root, root), who)
    live.write_file(root .. "/policy.lua", policy .. ("deny.exec %q\n"):format(root .. "/shut/**"))
    for where, expected in pairs { shut = "EACCES EACCES\n", open = "ran\n" } do
      local result = live.run { as = who, cwd = root, command = {
        live.program("attack_pin"), where .. "/echo", live.binary, "run", "-q", "-p", "policy.lua", "--",
        "/usr/bin/python3", "-S", "-c", [[
import errno, os
seen = []
for program in (7, "/proc/self/fd/7"):
    try: os.execve(program, ["echo", "ran"], {})
    except OSError as e: seen.append(errno.errorcode[e.errno])
print(*seen)
]] } }
      assert.equal(expected, result.out, where .. result.err)
    end
  end)

  attack.each(it, "descriptors from before the launch lead nowhere new", function(who)
    local root, policy = attack.ground(who)
    live.write_file(root .. "/policy.lua", policy)
    local result = live.run {
      as = who, cwd = root,
      command = ([[
        exec 7<shut 8<shut/inner 9<.
        exec %s run -q -p policy.lua -- sh -c '
        attack_open() { %s "$@"; }
        attack_open -D 7 0 data inner/data ../shut/data; attack_open -D 8 0 data ../data
        attack_open -D 9 0 shut/data; attack_open 0 /proc/self/fd/7/data /dev/fd/8/../data
        attack_open -D 7 -w 0x241 data new; attack_open -m -D 7 0755 new
        attack_open -D 7 0 ../open/data; attack_open -D 9 0 open/data
        attack_open -D 5555 0 open/data ROOT/open/data'
      ]]):format(live.binary, live.program("attack_open")):gsub("ROOT", root),
    }
    local expected = all("EACCES", 11)
    for _, more in ipairs { "=innocent", "=innocent", "EBADF", "=innocent" } do
      expected[#expected + 1] = more
    end
    assert.same(expected, attack.lines(result), result.err)
    assert.equal(attack.secret .. "\n", live.read_file(root .. "/shut/data"))
  end)

  attack.each(it, "a launch in the protected directory itself", function(who)
    local root, policy = attack.ground(who)
    live.write_file(root .. "/policy.lua", policy)
    local result = live.run {
      as = who, cwd = root .. "/shut",
      command = { live.binary, "run", "-q", "-p", "../policy.lua", "--", live.program("attack_open"),
        "0", "data", "inner/data", "./data", "../open/data" },
    }
    assert.same({ "EACCES", "EACCES", "EACCES", "=innocent" }, attack.lines(result), result.err)
  end)

  attack.each(it, "of what is protected no hard link can be made", function(who)
    local seen = lines(who, "", [[
      ln shut/data open/alias 2>/dev/null || echo refused
      ln open/data open/second 2>/dev/null || echo refused; attack_open 0 open/alias]])
    assert.same({ "refused", "ENOENT" }, seen)
  end)

  attack.each(it, "more than forty links", function(who)
    local native, seen = live.both {
      as = who,
      command = ([[cd $(mktemp -d) && echo end >l0
        i=0; while [ $i -lt 45 ]; do ln -s l$i l$((i + 1)); i=$((i + 1)); done
        ln -s loop loop; ln -s b a; ln -s a b; mkdir d; ln -s ../d d/d
        PROGRAM 0 l39 l40 l41 l45 loop a loop/x d/d/d/d/d/d/d/d/d/d; PROGRAM 0x41 loop a; PROGRAM 0xc1 loop
        PROGRAM -m 0755 loop loop/x l45 l45/x]]):gsub("PROGRAM", live.program("attack_open")),
    }
    assert.equal(native.out, seen.out)
    assert.is_truthy(native.out:find("=end\n=end\nELOOP\nELOOP", 1, true))
  end)

  attack.each(it, "a chain of forty links to it", function(who)
    local seen = lines(who, [[cd open; ln -s ../shut/data l0
      i=0; while [ $i -lt 39 ]; do ln -s l$i l$((i + 1)); i=$((i + 1)); done]],
      "attack_open 0 open/l0 open/l20 open/l39")
    assert.same(all("EACCES", 3), seen)
  end)

  attack.each(it, "trailing slashes and dots as natively", function(who)
    local native, seen = live.both {
      as = who,
      command = ([[cd $(mktemp -d); echo x >f; mkdir d; ln -s f lf; ln -s d ld; ln -s none ln
        for flags in 0 0x10000 0x41 0xc1 0x200000 0x20000 0x220000 0x410002 0x1 0x10041 0x201; do
          for path in f/ f/. f/.. d d/ d/. d/.. d// lf/ ld/ ld/. ln/ ln ln/. none none/ none/. none/x . .. / \
            // ./ d/../d/../f d/./. "" ld ld// d/../ld/../f lf; do
            echo "$flags $path $(PROGRAM $flags "$path")"
            [ -d none ] && rmdir none; rm -f none
          done; done
        for path in f f/ f/x d d/ d/. d/.. lf ld/ ln ln/ none/ none/. none/.. . .. / "" none/x x// ./y \
          ld/z; do
          echo "mkdir $path $(PROGRAM -m 0755 "$path")"
        done
        for resolve in 0 1 4 8 16; do for path in f lf ld d/../f / /etc .. ../.. d/../.. ld/../f ld/; do
          echo "$resolve $path $(PROGRAM -d . -2 $resolve 0 $path)"; done; done
        ls -lR --time-style=+ | sed 's/.*\(moongate\|root\|2001\) //' | cut -d' ' -f4-]])
        :gsub("PROGRAM", live.program("attack_open")),
    }
    -- The temporary directory's own name may show in errors of the shell, not in what counts.
    local function clean(text) return (text:gsub("tmp%.%w+", "tmp")) end
    local wanted, got = {}, {}
    for line in clean(native.out):gmatch("[^\n]+") do wanted[#wanted + 1] = line end
    for line in clean(seen.out):gmatch("[^\n]+") do got[#got + 1] = line end
    local different = {}
    for i = 1, math.max(#wanted, #got) do
      -- openat2(2) below a directory: EAGAIN where anything, anywhere, is renamed meanwhile.
      local moved = (tostring(wanted[i]) .. tostring(got[i])):find("EAGAIN", 1, true)
      if wanted[i] ~= got[i] and not moved then
        different[#different + 1] = tostring(wanted[i]) .. " but supervised " .. tostring(got[i])
      end
    end
    assert.same({}, different)
  end)

  attack.each(it, "a deleted current directory, and files really named x (deleted)", function(who)
    local seen = lines(who, [[
      mkdir open/gone "open/kept (deleted)" "shut/kept (deleted)"
      echo innocent >"open/file (deleted)"; echo ATTACK >"shut/file (deleted)"
      echo innocent >"open/kept (deleted)/data"; echo innocent >"shut/kept (deleted)/data"
      mkdir shut/gone]], [[
      attack_open 0 "open/file (deleted)" "shut/file (deleted)" "open/kept (deleted)/data" \
        "shut/kept (deleted)/data"
      (cd "open/kept (deleted)" && attack_open 0 data)
      (cd "shut/kept (deleted)" && attack_open 0 data)
      (cd open/gone && rmdir ../gone && attack_open 0 data ../data /proc/self/cwd/data . &&
        attack_open 0x41 new && attack_open -m 0755 new)
      exec 5<"open/data"; rm open/data; attack_open 0 /proc/self/fd/5
      echo "innocent here" >"open/data (deleted)"; attack_open 0 "open/data (deleted)" /proc/self/fd/5
      (cd shut/gone && rmdir ../gone 2>/dev/null; attack_open 0 data ../data; mkdir "ROOT/open/x")]],
      'allow.syscall "@remove"\n')
    assert.same({ "=innocent", "EACCES", "=innocent", "EACCES", "=innocent", "EACCES",
      "ENOENT", "=innocent", "ENOENT", "=/", "ENOENT", "ENOENT",
      "=innocent", "=innocent here", "=innocent", "EACCES", "EACCES" }, seen)
  end)

  attack.each(it, "x (deleted) and x are two names", function(who)
    local root = live.directory()
    attack.shell(([[cd %s && for n in a b; do echo $n >$n; echo "$n deleted" >"$n (deleted)"
      ln -s $n to-$n; ln -s "$n (deleted)" to-$n-deleted; done]]):format(root), who)
    local result = live.run { as = who, cwd = root, args = { "-q" },
      policy = ([[
allow.read "/**"
allow.exec "/**"
deny.read { "ROOT/a", "ROOT/b (deleted)" }
]]):gsub("ROOT", root),
      command = { live.program("attack_open"), "0", "a", "to-a", "a (deleted)", "to-a-deleted",
        "b", "to-b", "b (deleted)", "to-b-deleted" } }
    assert.same({ "EACCES", "EACCES", "=a deleted", "=a deleted", "=b", "=b", "EACCES", "EACCES" },
      attack.lines(result), result.err)
  end)

  attack.each(it, "a removed name of a file that has another one keeps its protection", function(who)
    local root = attack.ground(who)
    live.write_file(root .. "/policy.lua", ([[
allow.read "/**"
allow.write "ROOT/**"
allow.exec "/**"
deny.read { "ROOT/shut/data", "ROOT/shut/second" }
allow.syscall "@remove"
]]):gsub("ROOT", root))
    attack.shell(("cd %s/shut && ln data second && chmod 777 ."):format(root), who)
    -- A descriptor that only names the file, as one from before the launch.
    local result = live.run {
      as = who, cwd = root,
      command = { live.program("attack_pin"), "shut/data", live.binary, "run", "-q", "-p", "policy.lua",
        "--", "sh", "-c", live.program("attack_open") .. " 0 /proc/self/fd/7; rm -f shut/data; " ..
        live.program("attack_open") .. " 0 /proc/self/fd/7 shut/second" },
    }
    assert.same({ "EACCES", "EACCES", "EACCES" }, attack.lines(result), result.err)
  end)

  attack.each(it, "a name that only begins like an allowed one", function(who)
    local seen = lines(who, [[mkdir -m 777 open2 openx "open "; for d in open2 openx "open "; do
      echo other >$d/data 2>/dev/null || echo other >"$d/data"; done; echo x >open.data]],
      [[attack_open -w 0x1 open2/data openx/data "open /data" open.data; attack_open -w 0x1 open/data
      attack_open -m 0755 open2/new open/new]])
    assert.same({ "EACCES", "EACCES", "EACCES", "EACCES", "=", "EACCES", "=made" }, seen)
  end)
end)
