-- Names that are not what they were when they were judged: the directory was moved, or the file is
-- called as if it were gone.
local live = require "live"
local attack = require "attack"

local tries = tostring(20 // tonumber(os.getenv("MOONGATE_SPARSE") or "1") + 1)

describe("a stale name #live", function()
  after_each(live.cleanup)

  local function ground(who)
    local root = live.directory()
    attack.shell(("mkdir %s/w %s/w/secret && echo secret >%s/w/secret/key"):format(root, root, root), who)
    return root .. "/w"
  end

  local function try(who, root, mode, argument, policy)
    return live.run { as = who, args = { "-q" }, timeout = 100,
      policy = (([[
        allow.exec { "/usr/**", "PROGRAMS/*" }
        allow.read "/**"
        allow.write "ROOT/**"
        deny.read "ROOT/secret/**"
      ]] .. (policy or "")):gsub("ROOT", root):gsub("PROGRAMS", live.build .. "/spec/programs")),
      command = { live.program("attack_stale"), mode, root, argument } }
  end

  attack.each(it, "is not renamed: the old name's directory moves while the new one is looked for", function(who)
    local result = try(who, ground(who), "rename", tries)
    assert.equal("kept, moved\n", result.out, result.err)
  end)

  attack.each(it, "is not opened while a handler takes its time", function(who)
    local result = try(who, ground(who), "open", tries, [[
      function on.open(call)
        local sum = 0
        for i = 1, call.given == "key" and 200000 or 0 do sum = sum + i end
      end]])
    assert.equal("kept, moved\n", result.out, result.err)
  end)

  attack.each(it, "is not created while descriptors are counted", function(who)
    local result = try(who, ground(who), "create", tries)
    assert.equal("kept, moved\n", result.out, result.err)
  end)

  it("is not opened while the kernel walks through a slow file system", function()
    if not live.is_root() then return pending("only root mounts") end
    local result = live.run { private = true, timeout = 100, command = { "sh", "-c", [[
      mknod /dev/fuse c 10 229 && : 2>/dev/null </dev/fuse || { echo no FUSE; exit; }
      mkdir -p back/secret mount && echo secret >back/secret/key && printf %s "$1" >policy.lua
      "$4" back mount & for i in $(seq 100); do mountpoint -q mount && break; sleep 0.05; done
      "$2" run -q -p policy.lua -- "$3" absolute $PWD/mount 5; umount mount; wait]], "sh", (([[
        allow.exec { "/usr/**", "PROGRAMS/*" }
        allow.read "/**"
        allow.write "/work.tmp/mount/**"
        deny.read "/work.tmp/mount/secret/**"
      ]]):gsub("PROGRAMS", live.build .. "/spec/programs")), live.binary, live.program("attack_stale"), live.program("slow_fs") } }
    if result.out == "no FUSE\n" then return pending("the kernel has no FUSE") end
    assert.equal("kept, moved\n", result.out, result.err)
  end)

  attack.each(it, "that says deleted is the name of a living file", function(who)
    local root = ground(who)
    local result = live.run { as = who, args = { "-q" },
      policy = (([[
        allow.exec { "/usr/**", "PROGRAMS/*" }
        allow.read { "/usr/**", "/lib/**", "/etc/ld.so.cache", "ROOT/public" }
        allow.write "ROOT/**"
      ]]):gsub("ROOT", root):gsub("PROGRAMS", live.build .. "/spec/programs")),
      command = { live.program("attack_stale"), "deleted", root, "public (deleted)" } }
    assert.equal("kept, moved\n", result.out, result.err)
  end)

  attack.each(it, "of a removed file is still the one that it had", function(who)
    local root = ground(who)
    local result = live.run { as = who, args = { "-q" },
      policy = ("default.allow() deny.read %q"):format(root .. "/secret/**"),
      command = { "sh", "-c", ([[cd %s && echo x >a && exec 3>a 4>secret/b && rm a secret/b &&
        cat /dev/fd/3 && echo read; cat /dev/fd/4 || echo kept]]):format(root) } }
    assert.equal("read\nkept\n", result.out, result.err)
  end)
end)
