-- The pieces that policies are made of.
local T = require "moongate.testing"
local open, mkdir = T.call.open, T.call.mkdir

local function piece(name, parameters)
  return T.load_text(("use(%q, %s)"):format(name, parameters or "{}"))
end

local function assert_reads(p, paths)
  for _, path in ipairs(paths) do
    assert.allows(p, open(path))
  end
end

local function assert_does_not_read(p, paths)
  for _, path in ipairs(paths) do
    assert.denies(p, open(path))
  end
end

describe("base/loader", function()
  local p = piece "base/loader"

  it("reads what a dynamically linked program starts with", function()
    assert_reads(p, {
      "/etc/ld.so.cache", "/etc/ld.so.preload", "/lib/x86_64-linux-gnu/libc.so.6",
      "/lib64/ld-linux-x86-64.so.2", "/usr/lib/x86_64-linux-gnu/libc.so.6",
      "/usr/lib/locale/locale-archive", "/usr/share/locale/locale.alias", "/etc/localtime",
      "/usr/share/zoneinfo/Europe/Berlin", "/dev/null",
    })
  end)

  it("reads and writes no more", function()
    assert_does_not_read(p, { "/etc/passwd", "/home/user/x", "/proc/meminfo", "/usr/bin/x", "/" })
    assert.denies(p, open { path = "/usr/lib/x", flags = "O_WRONLY" })
    assert.denies(p, mkdir "/usr/lib/x")
  end)
end)

describe("base/devices", function()
  local p = piece "base/devices"

  it("has sinks, sources and terminals", function()
    for _, path in ipairs { "/dev/null", "/dev/zero", "/dev/tty", "/dev/ptmx", "/dev/pts/0" } do
      assert.allows(p, open { path = path, flags = "O_RDWR" })
    end
    assert.allows(p, open "/dev/urandom")
    assert.allows(p, open { path = "/dev/null", flags = "O_WRONLY|O_CREAT|O_TRUNC" })
  end)

  it("has no disk, memory or log", function()
    assert_does_not_read(p, { "/dev/sda", "/dev/mem", "/dev/kmsg", "/dev/loop0", "/dev" })
    assert.denies(p, mkdir "/dev/x")
    assert.denies(p, open { path = "/dev/x", flags = "O_WRONLY|O_CREAT", missing = true })
  end)

  it("stays as it is, for root, too", function()
    for _, path in ipairs { "/dev/null", "/dev/tty", "/dev/urandom", "/dev/console" } do
      assert.denies(p, T.call.chmod { path = path, mode = 0 }, "EPERM")
      assert.denies(p, T.call.chown { path = path, owner = 0 }, "EPERM")
      assert.denies(p, T.call.setxattr(path, "system.posix_acl_access"), "EPERM")
      assert.denies(p, T.call.remove(path), "EACCES")
      assert.denies(p, T.call.rename(path, "/dev/x"), "EACCES")
      assert.denies(p, T.call.rename { path = "/dev/pts/0", newpath = path, replaces = true }, "EACCES")
      assert.allows(p, T.call.utime(path))
    end
    assert.allows(p, T.call.chmod "/dev/pts/0") -- mesg n
  end)
end)

describe("base/proc", function()
  local p = piece "base/proc"

  it("tells programs about themselves and the machine", function()
    assert_reads(p, {
      "/proc", "/proc/12/status", "/proc/12/task/13/stat", "/proc/12/fd", "/proc/12/maps",
      "/proc/meminfo", "/proc/cpuinfo", "/proc/stat", "/proc/filesystems", "/proc/12/mountinfo",
      "/proc/sys/kernel/ngroups_max", "/sys/devices/system/cpu/online", "/proc/uptime",
    })
  end)

  it("gives nobody away", function()
    assert_does_not_read(p, {
      "/proc/12/environ", "/proc/12/mem", "/proc/12/task/13/environ", "/proc/12/auxv", "/proc/kcore",
      "/proc/kmsg", "/proc/kpagecount", "/proc/12/fd/3", "/sys/class/net",
    })
    assert.denies(p, open { path = "/proc/sys/kernel/core_pattern", flags = "O_WRONLY" })
    assert.denies(p, open { path = "/proc/12/oom_score_adj", flags = "O_WRONLY" })
  end)
end)

describe("base/system", function()
  local p = piece "base/system"

  it("has names, settings and certificates", function()
    assert_reads(p, {
      "/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/hosts", "/etc/resolv.conf",
      "/etc/bash.bashrc", "/etc/inputrc", "/etc/terminfo/x/xterm", "/etc/ssl/certs/x.pem",
      "/etc/alternatives/vi", "/etc/python3.11/sitecustomize.py", "/etc/vim/vimrc",
    })
  end)

  it("has no passwords and keys", function()
    assert_does_not_read(p, {
      "/etc/shadow", "/etc/gshadow", "/etc/sudoers", "/etc/ssh/ssh_host_rsa_key",
      "/etc/ssl/private/x.key", "/etc",
    })
    assert.denies(p, open { path = "/etc/passwd", flags = "O_RDWR" })
  end)
end)

describe("base/tmp", function()
  it("is TMPDIR or /tmp, and shared memory", function()
    local p = piece "base/tmp"
    for _, directory in ipairs { "/tmp", "/var/tmp", "/dev/shm" } do
      assert.allows(p, mkdir(directory .. "/x"))
      assert.allows(p, open { path = directory .. "/x", flags = "O_RDWR" })
      assert.allows(p, open(directory))
    end
    assert.denies(p, mkdir "/tmpx")
  end)

  it("can be elsewhere", function()
    local p = piece("base/tmp", "{ dir = '/w/.tmp' }")
    assert.allows(p, mkdir "/w/.tmp/x")
    assert.denies(p, mkdir "/tmp/x")
    assert.denies(p, mkdir "/w/x")
  end)
end)

describe("base/secrets", function()
  local everything = "default.allow()\nallow.read '/**'\nallow.write '/**'\n"
  local secrets = "use 'base/secrets'\n"

  it("beats policies that allow everything, in any order", function()
    for _, text in ipairs { secrets .. everything, everything .. secrets } do
      local p = T.load_text(text)
      for _, path in ipairs {
        "/home/user/.ssh", "/home/user/.ssh/id_ed25519", "/etc/shadow", "/root/.netrc",
        "/home/a/.authinfo.gpg", "/home/a/.cargo/credentials.toml", "/etc/ssh/ssh_host_rsa_key.pub",
      } do
        assert.denies(p, open(path), "ENOENT")
        assert.denies(p, T.call.stat(path), "ENOENT")
        assert.denies(p, T.call.remove(path), "ENOENT")
      end
      assert.denies(p, open "/proc/1/environ", "EACCES")
      assert.allows(p, open "/home/user/.profile")
      assert.allows(p, open "/etc/ssh/ssh_config")
      assert.allows(p, T.call.stat "/etc/ssh")
    end
  end)

  it("lets no key be planted", function()
    local p = T.load_text(everything .. secrets)
    assert.denies(p, open {
      path = "/home/user/.ssh/authorized_keys", flags = "O_WRONLY|O_CREAT", missing = true }, "ENOENT")
    assert.denies(p, mkdir "/root/.ssh", "ENOENT")
    assert.denies(p, T.call.symlink("/home/user/.ssh", "/tmp/x"), "ENOENT")
    assert.denies(p, T.call.rename("/home/user/x", "/home/user/.ssh"), "ENOENT")
    assert.denies(p, T.call.rename("/home/user/x", "/home/user/.config"), "EACCES")
    assert.denies(p, T.call.symlink("/home/user/.config", "x"), "EACCES")
    assert.allows(p, mkdir "/home/user/.config")
  end)

  it("lets no key come to light under another name", function()
    local p = T.load_text(everything .. secrets)
    assert.denies(p, T.call.link("/home/user/.ssh/id", "/tmp/x"), "ENOENT")
    assert.denies(p, T.call.rename("/home/user/.ssh", "/home/user/ssh"), "ENOENT")
    assert.denies(p, T.call.rename("/home/user/.config", "/home/user/config"), "EACCES")
    assert.denies(p, T.call.rename("/home/user", "/tmp/x"), "EACCES")
    assert.allows(p, T.call.rename("/home/user/a", "/home/user/b"))
    assert.allows(p, T.call.rename("/tmp/a", "/home/user/a"))
  end)
end)
