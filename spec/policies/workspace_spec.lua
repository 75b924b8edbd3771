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
      "/home/user/.bashrc", "/home/user/.ssh/authorized_keys", "/home/user/.config/autostart/x",
      "/home/user/.local/bin/ls", "/home/user/.gitconfig",
    } do
      assert.denies(home, write(path), "EACCES")
    end
  end)

  it("has a network only when asked", function()
    assert.falsy(p:opens "@network")
    assert.truthy(T.load("workspace", { network = "yes" }):opens "@network")
    assert.truthy(p:opens "@file-change")
  end)
end)
