local live = require "live"
local attack = require "attack"

-- What /proc names depend on who looks: a supervisor that looks for the target sees itself.
describe("/proc as the target names it", function()
  after_each(live.cleanup)

  local policy = [[
allow.read "/**"
allow.write { "/tmp/**", "/dev/null", "/proc/**" }
allow.exec "/**"
deny.read "/never"
allow.syscall "@symlink"
]]

  local function supervised(who, script, text)
    return attack.supervised { as = who, policy = text or policy, script = script }
  end

  local function out_of(who, script, text)
    local result = supervised(who, script, text)
    assert.equal(0, result.status, result.out .. result.err)
    return result.out
  end

  attack.each(it, "is the target's own self, not the supervisor's", function(who)
    local out = out_of(who, [[
      MARK=target; export MARK
      show() { tr "\0" "\n" | grep -E "^(MARK|HIDDEN)"; }
      for name in /proc/self /proc/thread-self /proc/../proc/self /proc/./self//. /dev/../proc/self
      do cat $name/environ | show; done
      cd /proc && cat self/environ | show
      cat thread-self/environ | show
    ]])
    assert.is_nil(out:find("SECRET", 1, true))
    assert.is_nil(out:find("HIDDEN", 1, true))
    assert.equal(("MARK=target\n"):rep(7), out)
  end)

  attack.each(it, "self in every spelling reads as natively", function(who)
    local script = [[
      MARK=target exec tr "\0" "\n" </dev/null >/dev/null
    ]]
    assert.equal(0, supervised(who, script).status)
    local native, seen = live.both {
      as = who, policy = policy, env = { MARK = "target" },
      command = [[
        d=$(mktemp -d); cd $d
        ln -s /proc/self/environ a; ln -s /proc/thread-self/environ b; ln -s /proc c; ln -s self d
        ln -s /proc/self/task e; ln -s a f; ln -s /proc/self g
        for file in /proc/self/environ /proc/thread-self/environ /proc/../proc/self/environ \
          a b c/self/environ f g/environ g/../self/environ; do
          cat $file | tr "\0" "\n" | grep -c ^MARK=target
        done
        cat g/comm /proc/self/comm /proc/thread-self/comm
        head -c 4 /proc/self/exe | tail -c 3; echo
        cat /proc/self/cwd/f | tr "\0" "\n" | grep -c ^MARK
        cat /proc/self/root/etc/hostname
        cat /proc/self/fd/9 9</etc/hostname; cat /dev/fd/9 9</etc/hostname
        echo through stdin | cat /dev/stdin; echo through fd 0 | cat /proc/self/fd/0
        echo to stdout >/dev/stdout; cat /proc/self/mounts | wc -l; cat /proc/mounts | wc -l
        ls /proc/self/net >/dev/null && echo net; ls /proc/net >/dev/null && echo net
      ]],
    }
    assert.equal(native.out, seen.out)
    assert.equal(native.status, seen.status)
  end)

  attack.each(it, "a thread reads its own thread-self and its process's tasks", function(who)
    local native, seen = live.both {
      as = who, policy = policy, command = { live.program("attack_views"), "tasks" } }
    assert.equal(native.out, seen.out)
    assert.equal(native.status, seen.status)
  end)

  local entries = "environ mem maps smaps auxv cmdline status stat fd/0 fd/1 fd/2 fd/3 fd/4 fd/5 " ..
    "fdinfo/3 root/etc/hostname cwd/policy.lua exe task syscall stack pagemap map_files ns/mnt " ..
    "limits comm wchan"

  attack.each(it, "the supervisor's entries are shut, by its pid and its threads'", function(who)
    local out = out_of(who, ([[
      for pid in $S $(ls /proc/$S/task 2>/dev/null) $((S + 1)) $((S + 2)) $((S + 3)) $((S + 4)); do
        for entry in %s; do
          for file in /proc/$pid/$entry /proc/$pid/task/$pid/$entry /proc/$S/task/$pid/$entry; do
            case $pid in
              $S) attack_open 0 $file 2>&1 ;;
              *) grep -q "^Tgid:.$S\$" /proc/$pid/status 2>/dev/null && attack_open 0 $file ;;
            esac
          done
        done
      done | sort | uniq -c | sort -n
      exit 0
    ]]):format(entries))
    for line in out:gmatch("[^\n]+") do
      local word = line:match("^%s*%d+ (.*)")
      assert.is_truthy(({ EACCES = 1, ENOENT = 1, EPERM = 1, ENOTDIR = 1 })[word], line)
    end
    assert.is_truthy(out:find("EACCES", 1, true))
  end)

  attack.each(it, "the supervisor's and guard's entries where the kernel opens for reading", function(who)
    local out = out_of(who, [[
      for pid in $S $G; do for entry in environ auxv maps smaps pagemap mem stack syscall; do
        attack_open 0 /proc/$pid/$entry /proc/$pid/task/$pid/$entry 2>&1
      done; done | sort -u
    ]], 'allow.read "/**"\nallow.exec "/**"\nallow.write "/dev/null"\n')
    for line in out:gmatch("[^\n]+") do
      assert.is_truthy(({ EACCES = 1, EPERM = 1 })[line], line)
    end
  end)

  attack.each(it, "the guard's entries are shut", function(who)
    local out = out_of(who, ([[
      for entry in %s; do attack_open 0 /proc/$G/$entry /proc/$G/task/$G/$entry; done | sort -u
      [ $G = $PPID ] && echo the guard is the parent
    ]]):format(entries))
    for line in out:gmatch("[^\n]+") do
      assert.is_truthy(({ EACCES = 1, ENOENT = 1, EPERM = 1, ENOTDIR = 1,
        ["the guard is the parent"] = 1 })[line], line)
    end
    assert.is_truthy(out:find("the guard is the parent", 1, true))
  end)

  attack.each(it, "the supervisor through links that the target made", function(who)
    local out = out_of(who, [[
      ln -s /proc/$S/environ a; ln -s /proc/$S b; ln -s /proc/$S/root c; ln -s /proc/$S/cwd d
      ln -s /proc/self/../$S/environ e; ln -s /proc/$S/fd f
      attack_open 0 a b/environ c/etc/hostname d/policy.lua e f/3 b/task/$S/environ \
        /proc/self/../$S/environ /proc/$$/../$S/environ /proc/self/root/proc/$S/environ
      attack_open -d /proc/$S 0 environ mem
      attack_open -d /proc 0 $S/environ self/../$S/environ
      (cd /proc/$S && attack_open 0 environ)
      attack_open 1 /proc/$S/mem /proc/$S/oom_score_adj /proc/$S/comm /proc/$S/clear_refs
    ]])
    for line in out:gmatch("[^\n]+") do
      assert.is_truthy(({ EACCES = 1, ENOENT = 1, EBADF = 1 })[line], line)
    end
  end)

  for _, entry in ipairs { "environ", "auxv" } do
    attack.each(it, "an O_PATH race for the supervisor's " .. entry .. " gains nothing", function(who)
      -- The two names differ in the pid alone; slashes make them equally long.
      local out = out_of(who, ([[
        own=self; foreign=$S
        while [ ${#own} -lt ${#foreign} ]; do own=/$own; done
        while [ ${#foreign} -lt ${#own} ]; do foreign=/$foreign; done
        attack_race_proc "/proc/$own/%s" "/proc/$foreign/%s" $S
      ]]):format(entry, entry))
      assert.is_truthy(out:find("won by the race: [1-9]"), "no race took place: " .. out)
      assert.is_truthy(out:find("opened of these: 0\n", 1, true), out)
    end)
  end

  attack.each(it, "processes outside the tree show no more than ps needs", function(who)
    local result = live.run {
      as = who,
      command = ([[
        env HIDDEN=SECRET-outside sleep 20 & p=$!
        d=$(mktemp -d); cat >$d/policy.lua <<'POLICY'
allow.read "/**"
allow.exec "/**"
deny.read "/never"
POLICY
        %s run -q -p $d/policy.lua -- %s 0 /proc/$p/environ /proc/$p/cwd/x /proc/$p/root/etc/hostname \
          /proc/$p/fd/0 /proc/$p/mem /proc/$p/exe /proc/$p/maps /proc/1/environ /proc/$p/comm
        kill $p; rm -r $d]]):format(live.binary, live.program("attack_open")),
    }
    assert.same({ "EACCES", "EACCES", "EACCES", "EACCES", "EACCES", "EACCES", "EACCES", "EACCES",
      "=sleep" }, attack.lines(result), result.err)
  end)

  attack.each(it, "what other processes of the tree show", function(who)
    local native, seen = live.both {
      as = who, policy = policy,
      command = [[
        MARK=child sleep 20 & p=$!; sleep 0.1
        tr "\0" "\n" </proc/$p/environ | grep ^MARK; cat /proc/$p/comm; cat /proc/$p/root/etc/hostname
        ls /proc/$p/task | wc -l; kill $p]],
    }
    assert.equal(native.out, seen.out)
  end)

  attack.each(it, "a process that is a zombie", function(who)
    local command = { live.program("attack_zombie") }
    for entry in ("stat status comm cmdline environ auxv maps smaps mem io fd task cwd/x root/x " ..
      "limits"):gmatch("%S+") do command[#command + 1] = entry end
    local native, seen = live.both { as = who, policy = policy, timeout = 10, command = command }
    assert.equal(0, seen.status)
    assert.equal(native.out, seen.out)
  end)

  attack.each(it, "a target's memory file cannot be written unless the policy says so", function(who)
    local out = out_of(who, [[
      attack_open 1 /proc/self/mem /proc/$$/mem /proc/self/task/$$/mem; attack_open 2 /proc/$$/mem
      ln -s /proc/$$/mem m; attack_open 2 m
    ]])
    assert.equal("EACCES\nEACCES\nENOENT\nEACCES\nEACCES\n", out)
  end)

  attack.each(it, "a denied file through magic links of every kind", function(who)
    local root, text = attack.ground(who)
    local out = out_of(who, ([[
      cd %s/shut
      attack_open 0 /proc/self/cwd/data /proc/self/root%s/shut/data /proc/thread-self/cwd/inner/data \
        /proc/self/cwd/../shut/data data /dev/fd/../cwd/data
      attack_open -d /proc/self/cwd 0 data; attack_open -d . 0 data; cd ../open
      attack_open 0 data /proc/self/cwd/data ../shut/../open/data
    ]]):format(root, root), text)
    -- EBADF: the descriptor to start from is refused already.
    assert.equal(("EACCES\n"):rep(6) .. "EBADF\nEBADF\n" .. ("=innocent\n"):rep(3), out)
  end)
end)
