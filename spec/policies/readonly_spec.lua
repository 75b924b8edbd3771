local T = require "moongate.testing"
local open, mkdir, exec = T.call.open, T.call.mkdir, T.call.exec

local function write(path)
  return open { path = path, flags = "O_WRONLY|O_CREAT", missing = true }
end

describe("readonly", function()
  local p = T.load("policies/readonly.lua", { scratch = "/scratch" })

  it("sees everything", function()
    for _, path in ipairs {
      "/", "/etc/passwd", "/usr/bin", "/home/user/notes", "/proc/1000/maps", "/srv/x", "/dev",
      "/sys/class",
    } do
      assert.allows(p, open(path))
    end
    assert.allows(p, exec "/usr/bin/find")
    assert.allows(p, exec "/home/user/bin/x")
  end)

  it("changes nothing", function()
    for _, path in ipairs { "/etc/passwd", "/home/user/notes", "/tmp/x", "/scratchy", "/x" } do
      assert.denies(p, open { path = path, flags = "O_WRONLY" }, "EACCES")
      assert.denies(p, open { path = path, flags = "O_RDWR" }, "EACCES")
      assert.denies(p, open { path = path, flags = "O_RDONLY|O_TRUNC" }, "EACCES")
      assert.denies(p, write(path), "EACCES")
      assert.denies(p, mkdir(path), "EACCES")
      for _, op in ipairs {
        "remove", "chmod", "chown", "truncate", "utime", "setxattr", "symlink", "mknod",
      } do
        assert.denies(p, T.call[op](path), "EACCES")
      end
      assert.denies(p, T.call.rename(path, "/scratch/x"), "EACCES")
      assert.denies(p, T.call.rename("/scratch/x", path), "EACCES")
      assert.denies(p, T.call.link(path, "/scratch/x"), "EACCES")
      assert.denies(p, T.call.link("/scratch/x", path), "EACCES")
    end
    assert.denies(p, T.call.chmod "/dev/null", "EPERM")
  end)

  it("writes the scratch directory", function()
    assert.allows(p, write "/scratch/x")
    assert.allows(p, mkdir "/scratch/d/e")
    for _, op in ipairs { "remove", "chmod", "chown", "truncate", "utime", "symlink", "mknod" } do
      assert.allows(p, T.call[op] "/scratch/x")
    end
    assert.allows(p, T.call.rename("/scratch/x", "/scratch/d/x"))
    assert.allows(p, T.call.link("/scratch/x", "/scratch/y"))
  end)

  it("opens no device but the harmless ones", function()
    assert.allows(p, open { path = "/dev/null", flags = "O_RDWR" })
    assert.allows(p, open { path = "/dev/pts/3", flags = "O_RDWR" })
    for _, path in ipairs { "/dev/sda", "/dev/watchdog", "/dev/mem", "/dev/input/event0" } do
      assert.denies(p, open(path))
    end
    assert.denies(p, open "/proc/kmsg")
  end)

  it("does not let through what it cannot confine, unless asked", function()
    assert.same({}, p:syscall_rules())
    local asked = T.load("policies/readonly.lua", { change = "on" })
    assert.truthy(asked:opens "@file-change")
    assert.denies(asked, T.call.remove "/etc/passwd", "EACCES")
  end)

  it("scratches in the temporary directory by default", function()
    assert.allows(T.load "readonly", write "/tmp/x")
    assert.allows(T.load("readonly", nil, { env = { TMPDIR = "/t" } }), write "/t/x")
  end)
end)
