local live = require "live"
local attack = require "attack"

describe("every call on every spelling of a name #live", function()
  after_each(live.cleanup)

  --- ROOT/shut, which is protected, ROOT/free, which is like it and is not, ROOT/open with links to both.
  local function ground(who)
    local root = live.directory()
    attack.shell("cd " .. root .. [[ && umask 0 && mkdir open open/deep shut free
for x in shut free; do
  echo SECRET-5b1c >$x/data; chmod 777 $x/data; mkdir $x/inner $x/empty; ln -s SECRET-link $x/link
  setfattr -n user.x -v SECRET-value $x/data
  cd open; ln -s ../$x $x-near; ln -s $PWD/../$x/ $x-far; ln -s $x-near $x-chain; ln -s ../../$x/inner deep/$x
  ln -s ../$x/data $x-file; ln -s $PWD/../$x/data $x-distant; ln -s $x-file $x-second; cd ..
done; ln -s .. open/up; ln -s / open/root]], who)
    return root
  end

  local ways = {
    "X", "./X", "X/.", "X//", "X/inner/..", "open/../X", "open/deep/../../X", "ROOT/X", "//ROOT/./X",
    "/..ROOT/X", "open/X-near", "open/X-far", "open/X-chain", "open/up/X", "open/rootROOT/X",
    "open/deep/X/..", "open/up/open/X-near/inner/..",
    "/proc/self/rootROOT/X", "/proc/thread-self/rootROOT/X", "/proc/self/cwd/X", "/proc/self/cwd/open/X-near",
    "/proc/self/fd/8/X", "/dev/fd/8/X", "/proc/self/fd/7", "/proc/thread-self/fd/7", "/proc/self/fd/7/inner/..",
    "=8:X", "=8:open/X-near", "=8:ROOT/X", "=7", "=7:.", "=7:inner/..", "=7:../X",
    "@open:../X", "@open/deep:X/..", "@.:X", "%open:../X", "%open:X-near", "%open/deep:X/..",
    "%open/deep:/proc/self/cwd/../../X",
    "X|/", "X|/.", "X|//", "X|/./", "open/X-near|/", "=7|/", "@open:../X|/", "/proc/self/fd/7|/",
    "^open/X-file", "^open/X-distant", "^open/X-second", "^/proc/self/fd/9", "^/dev/fd/9",
    "^/proc/self/cwd/open/X-file", "^/proc/self/fd/8/open/X-second",
  }

  --- Runs attack_names on `x` with every way; what it printed, with ROOT for the root.
  local function names(options)
    local words = {}
    for _, way in ipairs(options.ways or ways) do
      words[#words + 1] = live.quote((way:gsub("X", (options.x:gsub("%%", "%%%%"))):gsub("ROOT", options.root)))
    end
    local program = table.concat({ live.program("attack_names"), options.flags or "",
      live.quote(options.root .. "/" .. options.x), options.root .. "/open", table.concat(words, " ") }, " ")
    if options.policy then
      live.write_file(options.root .. "/policy.lua", (options.policy:gsub("ROOT", options.root)
        :gsub("BUILD", live.build)))
      program = ("%s run -q -p policy.lua -- %s"):format(live.binary, program)
    end
    local result = live.run { as = options.who, cwd = options.root,
      command = ("exec 7<%s 8<. 9<%s/data; exec %s"):format(live.quote(options.x), live.quote(options.x), program) }
    assert.equal(0, result.status, result.err)
    assert.equal("", result.err)
    return attack.lines { out = result.out:gsub(options.root:gsub("%p", "%%%0"), "ROOT")
      :gsub(options.x:gsub("%p", "%%%0"), "X") }
  end

  --- What can be seen of a directory; any change shows in some time stamp.
  local function picture(directory)
    return attack.shell(("cd %s && find . -printf '%%p %%i %%y%%m %%U:%%G %%s %%n %%T@ %%C@ %%l\n' | sort && " ..
      "cat data && getfattr -h -d -m - -R . | sort"):format(directory))
  end

  local function word(line) return line:match("%S+$") end

  -- EXDEV: what may not be moved to where more is allowed.
  local refusals = { EACCES = true, EXDEV = true }

  --- Lines that are neither refused, nor what the kernel itself says of them.
  local function permitted(wanted, got)
    local list = {}
    assert.equal(#wanted, #got)
    for i, line in ipairs(got) do
      if not refusals[word(line)] and (word(line) == "ok" or line ~= wanted[i]) then
        list[#list + 1] = line .. ", natively " .. word(wanted[i])
      end
    end
    return list
  end

  local function different(wanted, got)
    local list = {}
    assert.equal(#wanted, #got)
    for i, line in ipairs(got) do
      if line ~= wanted[i] then list[#list + 1] = line .. ", natively " .. word(wanted[i]) end
    end
    return list
  end

  local start = 'allow.syscall "@file-change"\nallow.exec { "/usr/**", "BUILD/**" }\n'
  local handlers = {}
  for name in ("open mkdir mknod remove chmod chown truncate utime setxattr stat access readlink getxattr " ..
    "chdir watch symlink"):gmatch("%a+") do
    handlers[#handlers + 1] = ("function on.%s(call) return judge(call.path) end\n"):format(name)
  end
  for _, name in ipairs { "rename", "link" } do
    handlers[#handlers + 1] = ("function on.%s(call) return judge(call.path) or judge(call.newpath) end\n")
      :format(name)
  end

  local policies = {
    ["deny rules"] = start .. [[
allow.read "/**"
allow.write { "ROOT/open/**", "ROOT/free/**" }
deny.read "ROOT/shut/**"
deny.write "ROOT/shut/**"
deny.stat "ROOT/shut/**"
]],
    ["the default"] = start .. [[
allow.read { "/usr/**", "/etc/**", "/proc/**", "/dev/**", "ROOT", "ROOT/open/**", "ROOT/free/**" }
allow.stat { "/", "/tmp", "ROOT" }
allow.write { "ROOT/open/**", "ROOT/free/**" }
]],
    ["handlers"] = start .. [[
allow.read "/**"
allow.write "ROOT/**"
local shut = "ROOT/shut"
local function judge(path)
  if path == shut or path:sub(1, #shut + 1) == shut .. "/" then return deny("EACCES") end
end
]] .. table.concat(handlers),
  }

  --- Every `stride`-th way.
  local function some(stride)
    local list = {}
    for i = 1, #ways, stride do list[#list + 1] = ways[i] end
    return list
  end

  local function try(who, policy, list, flags)
    local native_root, root = ground(who), ground(who)
    local native = names { who = who, root = native_root, x = "shut", ways = list, flags = flags }
    local before = picture(root .. "/shut")
    local seen = names { who = who, root = root, x = "shut", ways = list, policy = policy, flags = flags }
    assert.same({}, permitted(native, seen))
    assert.equal(before, picture(root .. "/shut"))
    seen = names { who = who, root = root, x = "free", ways = list, policy = policy, flags = flags }
    assert.same({}, different(native, seen))
    local works = 0
    for _, line in ipairs(native) do works = works + (word(line) == "ok" and 1 or 0) end
    assert.is_true(works > #native * 2 / 3, works .. " of " .. #native .. " work")
  end

  attack.each(it, "is refused, and works where it may: deny rules", function(who)
    try(who, policies["deny rules"], ways)
  end)

  for _, how in ipairs { "the default", "handlers" } do
    attack.each(it, "is refused, and works where it may: " .. how, function(who)
      try(who, policies[how], some(4))
    end)
  end

  attack.each(it, "is refused, and works, with all the bits set that the kernel ignores", function(who)
    try(who, policies["deny rules"], some(8), "-1")
  end)

  attack.each(it, "is refused, and works, whatever bytes are in it", function(who)
    local function rename(root)
      attack.shell(("cd %s && for x in shut free; do mv $x \"$(printf \"$x\\\\377\\\\n\\\\001 \\\\\\\\ $x\")\"; done"):format(root), who)
    end
    local native_root, root = ground(who), ground(who)
    rename(native_root)
    rename(root)
    local bytes = "%s\255\n\1 \\ %s"
    local shut, free = bytes:format("shut", "shut"), bytes:format("free", "free")
    local policy = start .. 'allow.read "/**"\nallow.write "ROOT/open/**"\n' ..
      ("allow.write { 'ROOT/' .. %q .. '/**' }\nlocal shut = 'ROOT/' .. %q .. '/**'\n"):format(free, shut) ..
      "deny.read(shut)\ndeny.write(shut)\ndeny.stat(shut)\n"
    local list = { "X", "open/../X", "ROOT/X", "/proc/self/cwd/X", "=7", "@open:../X", "%open:../X", "X|/" }
    local native = names { who = who, root = native_root, x = shut, ways = list }
    local before = picture(root .. "/shut*")
    assert.same({}, permitted(native, names { who = who, root = root, x = shut, ways = list, policy = policy }))
    assert.equal(before, picture(root .. "/shut*"))
    assert.same({}, different(native, names { who = who, root = root, x = free, ways = list, policy = policy }))
  end)

  -- Every family is asked about, and nothing is refused.
  local judged = live.permissive .. 'deny.stat "/moongate-never"\nhide "/moongate-hidden"\n'

  attack.each(it, "takes pointers, lengths, descriptors and sizes as natively", function(who)
    local native, seen = live.both {
      as = who, policy = judged, timeout = 60,
      command = ("cd $(mktemp -d) && %s && find . -printf '%%p %%y%%m %%s %%n %%l\\n' | sort"):format(
        live.program("attack_pointers")),
    }
    assert.equal(0, native.status, native.err)
    local wanted, got = attack.lines(native), attack.lines(seen)
    assert.same({}, different(wanted, got))
    assert.is_true(#wanted > 3000)
  end)
end)
