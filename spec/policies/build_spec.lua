local T = require "moongate.testing"
local open, mkdir, exec = T.call.open, T.call.mkdir, T.call.exec

local function write(path)
  return open { path = path, flags = "O_WRONLY|O_CREAT|O_TRUNC", missing = true }
end

describe("build", function()
  local p = T.load("policies/build.lua", { workdir = "/w" })

  it("runs and reads the toolchain", function()
    for _, path in ipairs {
      "/usr/bin/gcc-12", "/usr/bin/make", "/usr/bin/dash", "/usr/lib/gcc/x86_64-linux-gnu/12/cc1",
      "/usr/local/bin/tool", "/w/configure", "/w/build/generator", "/tmp/conftest",
    } do
      assert.allows(p, exec(path))
    end
    for _, path in ipairs {
      "/", "/usr/include/stdio.h", "/usr/lib/x86_64-linux-gnu/libc.so.6", "/etc/ld.so.cache",
      "/usr/lib/locale/C.utf8/LC_CTYPE", "/proc/1000/status", "/proc/meminfo",
      "/sys/devices/system/cpu/online", "/etc/passwd", "/etc/alternatives/cc", "/dev/null",
      "/usr/share/terminfo/x/xterm", "/etc/localtime",
    } do
      assert.allows(p, open(path))
    end
  end)

  it("writes the tree and temporary files", function()
    assert.allows(p, write "/w/a.o")
    assert.allows(p, write "/w/deep/er/a.o")
    assert.allows(p, mkdir "/w/build")
    assert.allows(p, open { path = "/w/a.c", flags = "O_RDWR" })
    assert.allows(p, write "/tmp/ccXYZ.s")
    assert.allows(p, open { path = "/dev/null", flags = "O_WRONLY|O_CREAT|O_TRUNC" })
  end)

  it("writes nothing else", function()
    for _, path in ipairs { "/usr/bin/gcc", "/etc/passwd", "/home/user/.bashrc", "/wx", "/x" } do
      assert.denies(p, open { path = path, flags = "O_WRONLY" }, "EACCES")
      assert.denies(p, mkdir(path), "EACCES")
    end
  end)

  it("leaves the repository alone, but for the index", function()
    assert.denies(p, write "/w/.git/hooks/post-checkout", "EACCES")
    assert.denies(p, open { path = "/w/.git/config", flags = "O_RDWR" })
    assert.allows(p, write "/w/.git/index.lock")
    assert.allows(p, open "/w/.git/HEAD")
  end)

  it("reads nothing of the home directory but git's settings", function()
    assert.denies(p, open "/home/user/.ssh/id_ed25519")
    assert.denies(p, open "/home/user/notes")
    assert.denies(p, open "/etc/shadow")
    assert.denies(p, open "/proc/1000/environ")
    assert.allows(p, open "/home/user/.gitconfig")
    assert.allows(p, open "/home/user/.config/git/ignore")
    assert.denies(p, open "/home/user/.config/git/credentials")
  end)

  it("has no network", function()
    assert.falsy(p:opens "@inet")
    assert.falsy(p:opens "@network")
    assert.truthy(p:opens "@file-change")
  end)

  it("builds the current directory unless told otherwise", function()
    local here = T.load("build", nil, { cwd = "/src/x" })
    assert.allows(here, write "/src/x/a.o")
    assert.denies(here, write "/src/y/a.o")
  end)

  it("takes temporary files where TMPDIR says", function()
    local there = T.load("build", { workdir = "/w" }, { env = { TMPDIR = "/scratch/me" } })
    assert.allows(there, write "/scratch/me/x")
    assert.allows(there, exec "/scratch/me/conftest")
    assert.denies(there, write "/tmp/x")
  end)
end)
