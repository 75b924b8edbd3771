-- What a program finds out about a file after it opened it, natively and supervised.
local live = require "live"

describe("an opened file #live", function()
  teardown(live.cleanup)

  local function both(what, options)
    options = options or {}
    local results = {}
    for i, policy in ipairs { false, live.permissive } do
      results[i] = live.run {
        command = { live.program("behaviour_files"), what },
        cwd = not options.private and live.directory() or nil,
        private = options.private, as = options.as, timeout = 60,
        policy = policy or nil, args = { "-q" },
      }
    end
    local native, supervised = results[1], results[2]
    assert.equal(0, native.status, native.err)
    assert.truthy(#native.out > 0)
    assert.equal(native.out, supervised.out)
    assert.equal(native.err, supervised.err)
    assert.equal(native.status, supervised.status)
    return supervised.out
  end

  for _, as in ipairs { "root", "user" } do
    it("needs a free descriptor, before anything is made, as " .. as, function()
      local out = both("exhausted", { as = as })
      assert.truthy(out:find("create: EMFILE, new does not exist", 1, true), out)
      assert.truthy(out:find("truncate: EMFILE, size 8", 1, true), out)
    end)

    it("finds room below a limit that others are above, as " .. as, function()
      both("above", { as = as })
    end)

    it("is closed on exec if asked, as " .. as, function()
      both("close-on-exec", { as = as })
    end)

    it("shares its position with copies and children, as " .. as, function()
      both("offsets", { as = as })
    end)

    it("gives its lock back with the last close, as " .. as, function()
      assert.equal("0 of 500 locks failed\n", both("locks", { as = as }))
    end)

    it("is nobody else's when a lease is taken, as " .. as, function()
      assert.equal("0 of 500 leases failed\n", both("leases", { as = as }))
    end)

    it("can be run once it was written and closed, as " .. as, function()
      assert.truthy(both("text-busy", { as = as }):find("^0 of 500 busy, 0 failed otherwise"))
    end)

    it("has the times that the open leaves, as " .. as, function()
      both("times", { as = as })
    end)

    it("is made with the umask of the moment, whichever thread set it, as " .. as, function()
      both("masks", { as = as })
    end)
  end

  it("belongs to the user that the thread became", function()
    if not live.is_root() then return pending("needs root") end
    local out = both("credentials", { private = true })
    assert.truthy(out:find("file2001 2001:2001", 1, true), out)
    assert.truthy(out:find("shell 2005:2005 640", 1, true), out)
  end)
end)
