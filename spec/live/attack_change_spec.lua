local live = require "live"
local attack = require "attack"

-- Metadata: what changes a file without opening it for writing. An open descriptor, even one for reading, is
-- enough for the kernel; the policy is asked about the file all the same.
describe("what is changed through descriptors #live", function()
  after_each(live.cleanup)

  local policy = [[
allow.syscall "@file-change"
deny.syscall "@file-ioctl"
allow.exec { "/usr/**", "BUILD/**" }
allow.read "/**"
allow.write { "ROOT/w/**", "ROOT/spare/**" }
deny.read "ROOT/shut/**"
deny.write "ROOT/shut/**"
deny.stat "ROOT/shut/**"
]]

  local function ground(who)
    local root = live.directory()
    attack.shell("cd " .. root .. [[ && umask 0 && mkdir ro w shut spare moved && for d in ro w shut moved; do
      echo precious-content >$d/file; setfattr -n user.x -v y $d/file; cp -a $d/file $d/other; done]], who)
    live.write_file(root .. "/policy.lua", (policy:gsub("ROOT", root):gsub("BUILD", live.build)))
    return root
  end

  local function picture(root, directory)
    return attack.shell(("cd %s/%s && find . -printf '%%p %%i %%y%%m %%U:%%G %%s %%n %%T@ %%C@\n' | sort && " ..
      "cat * && getfattr -h -d -m - -R . | sort"):format(root, directory))
  end

  --- Lines of attack_change; `setup` is done by the shell before, natively.
  local function run(who, root, words, supervised, setup)
    local command = ("%s %s spare"):format(live.program("attack_change"), words)
    if supervised then command = ("%s run -q -p policy.lua -- %s"):format(live.binary, command) end
    local result = live.run { as = who, cwd = root, command = (setup or "") .. "\nexec " .. command, timeout = 60 }
    assert.equal(0, result.status, result.err)
    assert.equal("", result.err)
    return attack.lines(result)
  end

  local function split(line) return line:match("^(.*): (%S+)$") end

  -- Calls that fail natively, or are refused whatever they are about.
  local refusals = { EACCES = true, EPERM = true, EXDEV = true, EBADF = true }

  local function assert_refused(native, seen)
    assert.equal(#native, #seen)
    for i, line in ipairs(seen) do
      local _, was = split(native[i])
      local what, is = split(line)
      if not what:find("mapping") and (was == "ok" or is ~= was) then
        assert.is_true(refusals[is] == true, line .. ", natively " .. was)
      end
    end
  end

  local function different(native, seen)
    local list = {}
    assert.equal(#native, #seen)
    for i, line in ipairs(seen) do
      -- The group of these ioctls is not open; nothing can be made in /proc.
      if line ~= native[i] and not line:find("ioctl.*EPERM") and not line:find("none.*creat: EACCES") then
        list[#list + 1] = line .. " | natively " .. native[i]
      end
    end
    return list
  end

  attack.each(it, "not of a file that may only be read", function(who)
    local native = run(who, ground(who), "file ro/file")
    local root = ground(who)
    local before = picture(root, "ro")
    assert_refused(native, run(who, root, "file ro/file", true))
    assert.equal(before, picture(root, "ro"))
    assert.same({}, different(native, run(who, root, "file w/file", true)))
  end)

  attack.each(it, "nor by a descriptor from before the launch, whatever it was opened for", function(who)
    local pin = live.program("attack_pin")
    for _, setup in ipairs { "exec 7<shut/file", "exec 7<shut", "pin" } do
      local native_root, root = ground(who), ground(who)
      local before = picture(root, "shut")
      local function inherit(where, supervised)
        if setup ~= "pin" then return run(who, where, "fd 7", supervised, setup) end
        local words = { live.program("attack_change"), "fd", "7", "spare" }
        if supervised then words = { live.binary, "run", "-q", "-p", "policy.lua", "--", table.unpack(words) } end
        local result = live.run { as = who, cwd = where, command = { pin, "shut/file", table.unpack(words) } }
        assert.equal("", result.err)
        return attack.lines(result)
      end
      assert_refused(inherit(native_root), inherit(root, true))
      assert.equal(before, picture(root, "shut"))
    end
  end)

  attack.each(it, "what has no name is its owner's, as natively", function(who)
    local root = ground(who)
    local native = run(who, root, "nameless")
    local seen = run(who, root, "nameless", true)
    assert.same({}, different(native, seen))
  end)

  attack.each(it, "what counts is the name that the file has by then", function(who)
    local function moved(from, to)
      local root = ground(who)
      local seen = run(who, root, "wait " .. from .. "/file", true,
        ("(while [ ! -e spare/ready ]; do sleep 0.05; done; %s; touch spare/go) & "):format(to and
        ("mv %s/file %s/file"):format(from, to) or ("rm %s/file"):format(from)))
      return root, seen
    end
    local native_root = ground(who)
    attack.shell("touch " .. native_root .. "/spare/go", who)
    local native = run(who, native_root, "wait w/file")
    local root, seen = moved("w", "ro")
    assert_refused(native, seen)
    assert.equal("precious-content\n", live.read_file(root .. "/ro/file"))
    root, seen = moved("ro", "w")
    assert.same({}, different(native, seen))
    assert.not_equal("precious-content\n", live.read_file(root .. "/w/file"))
    -- A name that is gone is judged as it was.
    seen = select(2, moved("ro"))
    assert_refused(native, seen)
  end)

  attack.each(it, "what counts is the file, whatever the descriptor's number means by then", function(who)
    local root = ground(who)
    local before = picture(root, "ro")
    local seen = run(who, root, "swap 7 8", true, "exec 7<ro/file 8<w/file")
    assert.equal(before, picture(root, "ro"))
    local both = 0
    for _, line in ipairs(seen) do both = both + (line:find(": both") and 1 or 0) end
    assert.is_true(both >= 15, table.concat(seen, "\n"))
  end)

  local handlers = {
    attribute = 'function on.setxattr(call) if call.name ~= "user.fine" then return deny("EACCES") end end\n',
    times = 'function on.utime(call) if call.times.mtime ~= 1 then return deny("EACCES") end end\n',
    text = 'function on.symlink(call) if call.target ~= "user.fine" then return deny("EACCES") end end\n',
  }

  for what, handler in pairs(handlers) do
    attack.each(it, "what a handler has seen is what is done: " .. what, function(who)
      local root = ground(who)
      live.write_file(root .. "/policy.lua", ('allow.syscall "@file-change"\nallow.read "/**"\nallow.exec "/**"\n' ..
        'allow.write { "ROOT/w/**" }\n'):gsub("ROOT", root) .. handler)
      local result = live.run { as = who, cwd = root .. "/w", command = { live.binary, "run", "-q", "-p", "../policy.lua",
        "--", live.program("attack_change"), "flip", what, "file" } }
      assert.equal("both, evil 0\n", result.out, result.err)
    end)
  end

  if live.is_root() then
    it("a device that is made is not another name for one that may not be opened", function()
      local result = live.run { private = true, policy = [[
allow.read "/**"
allow.exec "/**"
allow.write "/work.tmp/**"
deny.read "/dev/zero"
]], args = { "-q" }, command = "mknod made c 1 5; head -c 4 made | wc -c; mkfifo fifo && test -p fifo && echo fifo" }
      assert.equal("0\nfifo\n", result.out, result.err)
    end)
  end
end)
