local T = require "moongate.testing"
local open, mkdir, exec = T.call.open, T.call.mkdir, T.call.exec

describe("mkdir", function()
  local p = T.load "policies/mkdir.lua"

  it("makes directories in /tmp", function()
    assert.allows(p, mkdir "/tmp/x")
    assert.allows(p, mkdir "/tmp/x/y")
  end)

  it("leaves relative names alone, wherever they lead", function()
    assert.allows(p, mkdir { path = "/srv/x", given = "x" })
    assert.allows(p, mkdir { path = "/srv/x", given = "./x" })
    assert.allows(p, mkdir { path = "/srv/x", given = "../srv/x" })
  end)

  it("refuses everything else with EOPNOTSUPP", function()
    for _, path in ipairs { "/srv/x", "/tmpx", "/home/user/x" } do
      assert.denies(p, mkdir(path), "EOPNOTSUPP")
    end
  end)

  it("is not fooled by how a name is written", function()
    assert.denies(p, mkdir { path = "/srv/x", given = "/tmp/../srv/x" }, "EOPNOTSUPP")
    assert.denies(p, mkdir { path = "/srv/x", given = "/tmp/link/x" }, "EOPNOTSUPP")
    assert.allows(p, mkdir { path = "/tmp/x", given = "/srv/../tmp/x" })
  end)

  it("does not care about anything else", function()
    assert.allows(p, open "/etc/passwd")
    assert.allows(p, open { path = "/etc/passwd", flags = "O_RDWR" })
    assert.allows(p, exec "/usr/bin/x")
    assert.allows(p, T.call.remove "/etc/passwd")
    assert.allows(p, T.call.rename("/etc/passwd", "/etc/x"))
    assert.allows(p, T.call.stat "/etc/passwd")
    assert.truthy(p:opens "@file-ioctl")
    assert.truthy(p:opens "@network")
  end)
end)
