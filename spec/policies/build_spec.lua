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

  it("moves, links, removes and touches what is in the tree", function()
    local call = T.call
    for _, one in ipairs {
      call.rename("/w/a.tmp", "/w/a.o"), call.rename("/w/d", "/w/e/d"),
      call.rename { path = "/w/conf.new", newpath = "/w/conf", replaces = true },
      call.rename("/tmp/ccXYZ.o", "/w/a.o"), call.rename("/w/a.o", "/var/tmp/a.o"),
      call.link("/w/a", "/w/b"), call.symlink("/w/liba.so", "liba.so.1"), call.remove "/w/a.o",
      call.remove { path = "/w/d", flags = "AT_REMOVEDIR" }, call.chmod { path = "/w/run", mode = 493 },
      call.chown { path = "/w/a", owner = 1000 }, call.utime "/w/a", call.truncate "/w/a",
      call.setxattr("/w/a", "user.x"), call.mknod { path = "/w/fifo", mode = 4516 },
      call.watch "/w", call.remove "/tmp/ccXYZ.s",
    } do
      assert.allows(p, one)
    end
  end)

  it("lets nothing in or out", function()
    local call = T.call
    for _, one in ipairs {
      call.rename("/home/user/x", "/w/x"), call.rename("/w/x", "/home/user/x"),
      call.link("/usr/bin/cc", "/w/cc"), call.link("/home/user/.ssh/id", "/w/id"),
      call.link("/w/x", "/usr/x"), call.symlink("/usr/x", "/w/x"), call.remove "/usr/bin/cc",
      call.chmod "/usr/bin/cc", call.utime "/etc/passwd", call.truncate "/home/user/x",
      call.setxattr("/etc/passwd", "user.x"), call.mknod "/home/user/fifo",
    } do
      assert.denies(p, one, "EACCES")
    end
    assert.allows(p, call.symlink("/w/x", "/usr/x")) -- what it leads to is judged when it is used
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
    assert.allows(p, T.call.rename {
      path = "/w/.git/index.lock", newpath = "/w/.git/index", replaces = true })
    assert.allows(p, T.call.remove "/w/.git/index.lock")
    for _, one in ipairs {
      T.call.rename("/w/.git", "/w/git"), T.call.rename("/w", "/tmp/w"), T.call.rename("/w/x", "/w/.git"),
      T.call.rename("/w/x", "/w/.git/hooks/post-checkout"), T.call.symlink("/w/.git", "x"),
      T.call.rename("/w/.git/hooks", "/w/hooks"), T.call.remove "/w/.git/HEAD",
      T.call.chmod { path = "/w/.git/hooks/x.sample", mode = 493 }, T.call.symlink("/w/.git/hooks/x", "y"),
    } do
      assert.denies(p, one, "EACCES")
    end
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
    assert.same({}, p:syscall_rules())
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
