local live = require "live"
local attack = require "attack"

-- Who calls, from where, and what happens to the caller meanwhile, for every family of calls.
describe("around a call #live", function()
  after_each(live.cleanup)

  local start = 'allow.syscall "@file-change"\nallow.exec { "/usr/**", "BUILD/**" }\n'
  local policy = start .. [[
allow.read "/**"
allow.write { "ROOT/open/**", "ROOT/spare/**" }
deny.read "ROOT/shut/**"
deny.write "ROOT/shut/**"
deny.stat "ROOT/shut/**"
]]

  local function ground(who, text)
    local root = live.directory()
    attack.shell("cd " .. root .. [[ && umask 0 && mkdir open open/one open/other spare shut && for d in open/one shut; do
      echo SECRET >$d/data; chmod 777 $d/data; mkdir $d/inner $d/empty; ln -s SECRET $d/link
      setfattr -n user.x -v SECRET $d/data; done]], who)
    live.write_file(root .. "/policy.lua", ((text or policy):gsub("ROOT", root):gsub("BUILD", live.build)))
    return root
  end

  local function around(who, root, cwd, words, supervised)
    local command = live.program("attack_around") .. " " .. words
    if supervised then command = ("%s run -q -p %s/policy.lua -- %s"):format(live.binary, root, command) end
    local result = live.run { as = who, cwd = root .. cwd, command = command, timeout = 60,
      env = { SPARE = root .. "/spare" } }
    assert.equal(0, result.status, result.err)
    assert.equal("", result.err)
    return attack.lines(result)
  end

  local function different(native, seen)
    local list = {}
    for i = 1, math.max(#native, #seen) do
      if native[i] ~= seen[i] then list[#list + 1] = tostring(seen[i]) .. " | natively " .. tostring(native[i]) end
    end
    return list
  end

  local function picture(root)
    return attack.shell(("cd %s/shut && find . -printf '%%p %%i %%y%%m %%U:%%G %%s %%n %%T@ %%C@ %%l\n' | sort && " ..
      "cat data && getfattr -h -d -m - -R . | sort"):format(root))
  end

  attack.each(it, "a thread with a directory, descriptors and a umask of its own is where it is", function(who)
    local native_root, root = ground(who), ground(who)
    local native = around(who, native_root, "/open/one", "views ../other")
    assert.same({}, different(native, around(who, root, "/open/one", "views ../other", true)))
    local before = picture(root)
    local seen = around(who, root, "/shut", "views ../open/other", true)
    assert.equal(before, picture(root))
    local refused = 0
    for _, line in ipairs(seen) do
      local whom, result = line:match("^(thread[^:]-) %S+: (%S+)$")
      -- What it opens itself is refused, too: its number is then not open. That O_EXCL fails is no secret.
      if whom then
        assert.is_true(result == "EACCES" or result == "EBADF" or result == "ENOENT" or line:find("excl_over: EEXIST") ~= nil,
          line)
        refused = refused + (result == "EACCES" and 1 or 0)
      elseif line:find("^process [^:]*: ") then
        assert.is_nil(line:find("EACCES"), line)
      end
    end
    assert.is_true(refused > 150, refused)
  end)

  attack.each(it, "buffers that come and go while they are filled", function(who)
    local judged = start .. 'allow.read "/**"\nallow.write "ROOT/**"\ndeny.stat "/moongate-never"\nhide "/moongate-hidden"\n'
    local root = ground(who, judged)
    assert.same({ "odd 0, untouched" }, around(who, root, "/open/other", "remap", true))
  end)

  attack.each(it, "callers that are killed, or replaced by exec, amid their calls", function(who)
    local judged = start .. 'allow.read "/**"\nallow.write "ROOT/**"\ndeny.stat "/moongate-never"\nhide "/moongate-hidden"\n' ..
      'deny.write "/moongate-never"\n'
    local root = ground(who, judged)
    assert.same({ "lost 0" }, around(who, root, "/open", "kill other 150", true))
    assert.same({ "kept kept kept done" }, around(who, root, "/open", "exec one 60", true))
  end)

  attack.each(it, "the numbers of other ABIs", function(who)
    local root = ground(who)
    local before = picture(root)
    local gate = around(who, root, "/shut", "numbers")[2]:match("killed by SEGV$") -- no 32-bit calls here
    for _, line in ipairs(around(who, root, "/shut", "numbers", true)) do
      local expected = line:find("^x32") and "ENOSYS" or gate or "killed by SYS"
      assert.equal(expected, line:match(": (.*)$"), line)
    end
    assert.equal(before, picture(root))
  end)

  attack.each(it, "a current directory that was removed", function(who)
    local judged = start .. 'allow.read "/**"\nallow.write "/**"\ndeny.stat "/moongate-never"\ndeny.write "/moongate-never"\n'
    local native = around(who, ground(who, judged), "/open", "gone")
    assert.same({}, different(native, around(who, ground(who, judged), "/open", "gone", true)))
  end)
end)

-- Entries of processes in /proc: of the supervisor nothing, of others what the kernel shows.
describe("entries in /proc, for every call #live", function()
  after_each(live.cleanup)

  local entries = { "environ", "maps", "mem", "fd", "fd/0", "fd/3", "fdinfo/0", "root", "root/etc/passwd", "cwd", "cwd/policy.lua",
    "exe", "ns/mnt", "task/PID/environ", "task/PID/fd/3", "map_files", "uid_map", "attr/current", "stack", "auxv" }
  local looks = { "stat", "lstat", "statx", "statfs", "access_exists", "readlink", "readlinkat", "getxattr", "listxattr",
    "name_to_handle_at", "chdir", "inotify", "openat_path", "open", "file_getattr" }
  local changes = { "chmod", "chown", "utimensat", "setxattr", "truncate", "unlink", "rename", "link", "openat_create",
    "symlink", "mknod", "rmdir" }

  local judged = [[
allow.syscall "@file-change"
allow.exec "/**"
allow.read "/**"
allow.write "/**"
deny.read "/moongate-never"
deny.stat "/moongate-never"
deny.write "/moongate-never"
]]

  local function script(calls, pid)
    local words = {}
    for _, entry in ipairs(entries) do
      for _, call in ipairs(calls) do words[#words + 1] = ("%s /proc/%s/%s"):format(call, pid, entry:gsub("PID", pid)) end
    end
    return live.program("attack_try") .. " " .. table.concat(words, " , ") .. "\n"
  end

  -- The supervisor's pid and its guard's are looked up outside: to the target they show nothing.
  local OUTER = [[
cd $(mktemp -d) && printf %%s %s >policy.lua && echo "S=$$" >pids || exit
(while :; do
  g=$(for p in $(cat /proc/$$/task/$$/children); do [ "$(cat /proc/$p/comm)" = moongate-guard ] && echo $p; done)
  [ -n "$g" ] && break; sleep 0.02
done; echo "G=$g" >>pids; touch ready) >/dev/null 2>&1 &
exec %s run -q -p policy.lua -- sh -c %s]]

  -- As root in the private root only: what such a call reaches if it is not refused is the machine's own.
  attack.each(it, "the supervisor's and the guard's are shown and changed by none", function(who)
    local inner = "while [ ! -e ready ]; do sleep 0.02; done; . ./pids\n" .. script(looks, "$S") .. script(changes, "$S") ..
      script(looks, "$G") .. script(changes, "$G")
    local result = live.run { as = who, private = who == "root" or nil, timeout = 60,
      command = OUTER:format(live.quote(judged), live.binary, live.quote(inner)) }
    assert.equal("", result.err)
    local seen = attack.lines(result)
    assert.equal(2 * #entries * (#looks + #changes), #seen)
    local refused = 0
    for i, line in ipairs(seen) do
      assert.is_true(line ~= "ok" and line ~= "", ("number %d: %s"):format(i, line))
      refused = refused + (line == "EACCES" and 1 or 0)
    end
    assert.is_true(refused > #seen / 2, refused .. " of " .. #seen)
  end)

  attack.each(it, "its own, and those of its tree, are as natively", function(who)
    local command = "cd $(mktemp -d); sleep 20 & p=$!; sleep 0.3\n" .. script(looks, "$p") .. script(looks, "self") ..
      script(looks, "thread-self") .. "kill $p"
    command = command:gsub("self/task/self", "self/task/$$"):gsub("thread%-self/task/thread%-self", "thread-self/task/$$")
    local native, seen = live.both { as = who, policy = judged, command = command, timeout = 60 }
    local wanted, got = attack.lines(native), attack.lines(seen)
    local list = {}
    for i = 1, math.max(#wanted, #got) do
      if wanted[i] ~= got[i] then list[#list + 1] = ("%d: %s | natively %s"):format(i, got[i], wanted[i]) end
    end
    assert.same({}, list)
  end)
end)
