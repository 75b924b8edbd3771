local T = require "moongate.testing"
local open, mkdir, exec = T.call.open, T.call.mkdir, T.call.exec

local function write(path)
  return open { path = path, flags = "O_WRONLY|O_CREAT", missing = true }
end

describe("workspace", function()
  local p = T.load("policies/workspace.lua", { dir = "/home/user/project" })

  it("reads and runs the system", function()
    for _, path in ipairs { "/", "/usr/lib/x", "/etc/hosts", "/proc/meminfo", "/opt/x" } do
      assert.allows(p, open(path))
    end
    assert.allows(p, exec "/usr/bin/git")
    assert.allows(p, exec "/home/user/project/run")
  end)

  it("writes the directory and temporary files", function()
    assert.allows(p, write "/home/user/project/x")
    assert.allows(p, mkdir "/home/user/project/.git/objects/aa")
    assert.allows(p, write "/tmp/x")
    assert.allows(p, open { path = "/dev/null", flags = "O_WRONLY" })
  end)

  it("moves, links, removes and touches what is in it", function()
    local call = T.call
    for _, one in ipairs {
      call.rename("/home/user/project/a", "/home/user/project/b"),
      call.rename("/home/user/project/d", "/tmp/d"), call.rename("/tmp/d", "/home/user/project/d"),
      call.rename("/home/user/project/.git/index.lock", "/home/user/project/.git/index"),
      call.link("/home/user/project/a", "/home/user/project/b"),
      call.symlink("/home/user/project/node_modules/.bin/x", "../x/x.js"),
      call.chmod { path = "/home/user/project/run", mode = 493 }, call.utime "/home/user/project/a",
      call.remove "/home/user/project/a", call.truncate "/tmp/x", call.watch "/home/user/project",
      call.rename("/dev/shm/a", "/home/user/project/a"),
    } do
      assert.allows(p, one)
    end
  end)

  it("lets nothing in or out", function()
    local call = T.call
    for _, one in ipairs {
      call.rename("/home/user/x", "/home/user/project/x"), call.link("/etc/hosts", "/tmp/x"),
      call.rename("/home/user/project/x", "/home/user/x"), call.remove "/home/user/x",
      call.chmod "/home/user", call.utime "/etc/hosts", call.symlink("/home/user/x", "project"),
    } do
      assert.denies(p, one, "EACCES")
    end
  end)

  it("writes nothing else", function()
    for _, path in ipairs { "/home/user/x", "/etc/x", "/home/user/projects", "/usr/bin/git" } do
      assert.denies(p, write(path), "EACCES")
      assert.denies(p, mkdir(path), "EACCES")
    end
  end)

  it("hides keys, as if they were not there", function()
    for _, path in ipairs {
      "/home/user/.ssh", "/home/user/.ssh/id_ed25519", "/home/other/.gnupg/x", "/root/.aws/credentials",
      "/home/user/.config/gh/hosts.yml", "/home/user/.netrc", "/home/user/.docker/config.json",
      "/home/user/.kube/config", "/etc/shadow", "/etc/ssh/ssh_host_rsa_key", "/etc/ssl/private/x",
      "/home/user/.bash_history", "/home/user/.npmrc",
    } do
      assert.denies(p, open(path), "ENOENT")
      assert.denies(p, T.call.stat(path), "ENOENT")
      assert.denies(p, T.call.access(path), "ENOENT")
      assert.denies(p, T.call.link(path, "/home/user/project/x"), "ENOENT")
    end
    assert.denies(p, open "/proc/1/environ", "EACCES")
    assert.denies(p, open "/proc/1/mem")
  end)

  it("hides them where HOME is, too", function()
    local elsewhere = T.load("workspace", nil, { env = { HOME = "/srv/me" }, cwd = "/srv/me/x" })
    assert.denies(elsewhere, open "/srv/me/.ssh/id", "ENOENT")
  end)

  it("opens no disk", function()
    assert.denies(p, open "/dev/sda")
    assert.denies(p, open "/dev/mem")
  end)

  it("plants nothing, with the home directory as workspace either", function()
    local home = T.load("workspace", { dir = "/home/user" })
    assert.allows(home, write "/home/user/x")
    for _, path in ipairs {
      "/home/user/.bashrc", "/home/user/.config/autostart/x", "/home/user/.local/bin/ls",
      "/home/user/.gitconfig",
    } do
      assert.denies(home, write(path), "EACCES")
      assert.denies(home, T.call.symlink(path, "x"), "EACCES")
      assert.denies(home, T.call.rename("/home/user/x", path), "EACCES")
      assert.denies(home, T.call.chmod(path), "EACCES")
    end
    assert.denies(home, write "/home/user/.ssh/authorized_keys", "ENOENT")
    for _, above in ipairs { "/home/user/.config", "/home/user/.local" } do
      assert.allows(home, mkdir(above))
      assert.denies(home, T.call.rename("/home/user/x", above), "EACCES")
      assert.denies(home, T.call.symlink(above, "x"), "EACCES")
    end
  end)

  it("has a network only when asked", function()
    assert.falsy(p:opens "@network")
    assert.truthy(T.load("workspace", { network = "yes" }):opens "@network")
    assert.same({}, p:syscall_rules())
  end)
end)
