-- Moongate inside something else, and something else inside Moongate: it works in full, or says why not
-- and what to do, exits with 125, and has run nothing.
local live = require "live"
local attack = require "attack"

local REFUSED = "process_vm_readv process_vm_writev pidfd_getfd pidfd_open pidfd_send_signal seccomp ptrace " ..
  "openat2 prctl prlimit64 memfd_create signalfd4 waitid unshare poll"

describe("nested use #live", function()
  teardown(live.cleanup)

  local function installed(program)
    return os.execute("command -v " .. program .. " >/dev/null")
  end

  --- Runs `moongate run` inside what the shell words `around` start ($RUN stands for it, at the end if it is
  --- not there), as somebody who owns the policy.
  local function inside(who, around, options)
    options = options or {}
    local root, policy = attack.ground(who, 'deny.exec "/moongate-never"\n')
    live.write_file(root .. "/text", policy)
    live.write_file(root .. "/script", ([[
cat ROOT/open/data; cat ROOT/shut/data; mkdir ROOT/open/made ROOT/shut/made; env sh -c 'echo ran'
]]):gsub("ROOT", root))
    local run = ("%s run -q %s -p %s/policy.lua -- %s"):format(live.binary, options.args or "", root,
      options.command or "sh " .. root .. "/script")
    if not around:find("$RUN", 1, true) then around = around .. " $RUN" end
    around = around:gsub("%$RUN", (run:gsub("%%", "%%%%"))):gsub("ROOT", root)
    local result = live.run { as = who, timeout = 60, cwd = "/tmp", command =
      ("cd ROOT && cat text >policy.lua && chmod 644 policy.lua && { %s; }"):gsub("ROOT", root):format(around) }
    return result, root
  end

  --- The policy holds, whole.
  local function works(who, around, options)
    local result, root = inside(who, around, options)
    assert.equal("innocent\nran\n", result.out, result.err)
    assert.equal(0, result.status, result.err)
    assert.truthy(result.err:find("cat: %S+/shut/data: Permission denied\n"), result.err)
    assert.truthy(result.err:find("shut/made[^\n]*: Permission denied\n"), result.err)
    local made = attack.shell("cd " .. root .. " && ls -d */made 2>/dev/null; true", who)
    assert.equal((options or {}).read_only and "" or "open/made\n", made, result.err)
  end

  --- Nothing is run, and a sentence says why.
  local function refuses(who, around, sentence, options)
    local result, root = inside(who, around, options)
    assert.equal("", result.out)
    assert.equal(125, result.status, result.err)
    assert.truthy(result.err:find(sentence, 1, true), result.err)
    assert.equal("", attack.shell("cd " .. root .. " && ls -d */made 2>/dev/null; true", who))
  end

  local nested = live.program "nested"

  attack.each(it, "inside a filter without a listener", function(who)
    works(who, nested .. " plain")
  end)

  attack.each(it, "inside a filter that has a listener", function(who)
    refuses(who, nested .. " listener", "one process tree can have one supervisor")
  end)

  attack.each(it, "inside another moongate", function(who)
    refuses(who, ("printf 'default.allow()\\n' >outer.lua && %s run -q -p ./outer.lua --"):format(live.binary),
      "one process tree can have one supervisor: give one run several policies, -p ONE -p OTHER")
  end)

  attack.each(it, "inside a filter that refuses what is needed", function(who)
    for name in REFUSED:gmatch("%S+") do
      for _, error in ipairs { "EPERM", "ENOSYS" } do
        if not (name == "poll" and live.run { command = "uname -m" }.out:find("aarch64")) then
          refuses(who, ("%s refuse %s %s"):format(nested, name, error), name .. "(2) is refused here")
        end
      end
    end
    refuses(who, nested .. " refuse faccessat2 EPERM", "faccessat2(2) is refused here")
    refuses(who, nested .. " refuse clone3 EPERM", "cannot start the supervisor's threads")
  end)

  attack.each(it, "inside a filter that refuses what others do as well", function(who)
    for _, words in ipairs { "landlock_create_ruleset EPERM", "landlock_create_ruleset ENOSYS", "clone3 ENOSYS",
      "faccessat2 ENOSYS", "statx ENOSYS" } do
      works(who, nested .. " refuse " .. words)
    end
  end)

  attack.each(it, "inside a filter that refuses to enter a Landlock domain", function(who)
    local around = nested .. " refuse landlock_restrict_self EPERM"
    if inside(who, around).status == 0 then return pending("needs Landlock with scopes") end
    refuses(who, around, "--without-landlock does without")
    works(who, around, { args = "--without-landlock" })
  end)

  attack.each(it, "where ptrace is refused, and not needed", function(who)
    local root = live.directory()
    local policy = root .. "/policy.lua"
    live.write_file(policy, "default.allow()\ndeny.read '/moongate-never'\n")
    local result = live.run { as = who, command = ("%s refuse ptrace EPERM %s run -q -p %s -- echo ran"):format(nested,
      live.binary, policy) }
    assert.equal("ran\n", result.out, result.err)
  end)

  for _, more in ipairs { "", "--unshare-pid", "--unshare-all" } do
    attack.each(it, "inside bubblewrap " .. more, function(who)
      if not installed "bwrap" then return pending("needs bwrap") end
      if live.run { as = who, command = "bwrap --ro-bind / / true" }.status ~= 0 then
        return pending("needs user namespaces")
      end
      works(who, "bwrap --bind / / --dev /dev --proc /proc " .. more .. " --")
      works(who, "bwrap --ro-bind / / --dev /dev --proc /proc " .. more .. " --", { read_only = true })
    end)
  end

  attack.each(it, "bubblewrap inside", function(who)
    if not installed "bwrap" then return pending("needs bwrap") end
    local result = inside(who, "", { command = "bwrap --ro-bind / / --dev /dev --proc /proc -- echo ran" })
    assert.equal("", result.out)
    assert.equal(1, result.status)
    assert.truthy(result.err:find("^bwrap: [^\n]*namespace"), result.err)
  end)

  attack.each(it, "in a user namespace", function(who)
    if live.run { as = who, command = "unshare -r true" }.status ~= 0 then return pending("needs user namespaces") end
    works(who, "unshare -r")
    works(who, "unshare -rpf --mount-proc")
    refuses(who, "unshare -rpf", "/proc belongs to another pid namespace")
  end)

  it("in a user namespace that does not know the policy's owner", function()
    if not live.is_root() then return pending("needs root") end
    local policy = live.directory() .. "/policy.lua"
    live.write_file(policy, "default.allow()")
    local result = live.run { as = "user", command = ("unshare -r %s run -p %s -- true"):format(live.binary, policy) }
    assert.equal(125, result.status)
    assert.truthy(result.err:find("or to somebody outside this user namespace", 1, true), result.err)
  end)

  attack.each(it, "with small limits", function(who)
    works(who, "prlimit --nofile=40")
    refuses(who, "prlimit --nofile=20", "let it be at least 32")
    refuses(who, "prlimit --fsize=2000", "let it be at least 256 KiB")
    works(who, "prlimit --as=60000000")
    if who == "user" then
      refuses(who, "prlimit --nproc=1", "is the limit of processes, ulimit -u, too low?")
    end
  end)

  --- Another root, in a mount namespace of its own; `more` is done before it is entered.
  local function chroot(more)
    local script = ([[mount -t tmpfs -o mode=755 spec /mnt && cd /mnt &&
mkdir -p usr dev proc .PROJECT .BUILD .ROOT && mount --rbind /usr usr && mount --bind PROJECT .PROJECT &&
mount --bind BUILD .BUILD && mount --bind ROOT .ROOT && mknod -m 666 dev/null c 1 3 &&
for name in bin lib lib64; do ln -s usr/$name $name; done && MORE && exec chroot . $RUN]]):gsub("MORE", more)
      :gsub("PROJECT", live.project):gsub("BUILD", live.build)
    return "unshare --mount --propagation private sh -c " .. live.quote(script)
  end

  it("in another root, with /proc and without, and where nothing can be written", function()
    if not live.is_root() then return pending("needs root") end
    works("root", chroot "mount -t proc proc proc")
    refuses("root", chroot ":", "Moongate reads its targets through it: mount -t proc proc /proc")
    works("root", chroot "mount -t proc proc proc && mount -o remount,bind,ro .ROOT && mount -o remount,ro /mnt",
      { read_only = true })
  end)
end)
