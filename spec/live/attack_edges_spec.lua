local live = require "live"
local attack = require "attack"

describe("arguments at the edges of what the kernel takes", function()
  after_each(live.cleanup)

  local function compare(native, seen)
    local wanted, got, different = attack.lines(native), attack.lines(seen), {}
    for i = 1, math.max(#wanted, #got) do
      if wanted[i] ~= got[i] then
        different[#different + 1] = tostring(wanted[i]) .. " but supervised " .. tostring(got[i])
      end
    end
    assert.same({}, different)
  end

  local ways = {
    { "where all is judged call by call" },
    { "where a handler is asked", [[
allow.read "/**"
allow.write "/**"
allow.exec "/**"
function on.open(call) if call.path == "/never" then return deny() end end
function on.mkdir(call) if call.path == "/never" then return deny() end end
]] },
    { "where the kernel opens for reading", [[
allow.read "/**"
allow.write "/**"
allow.exec "/**"
deny.write "/never"
]] },
  }
  for _, way in ipairs(ways) do
    attack.each(it, "strings, lengths, numbers, sizes, flags: " .. way[1], function(who)
      local native, seen = live.both {
        as = who, policy = way[2],
        command = ([[
          umask 022; d=$(mktemp -d) && cd $d && mkdir sub && echo x >f && echo x >sub/f &&
          PROGRAM $d/sub && stat -c "%A %n" *]]):gsub("PROGRAM", live.program("attack_edges")),
      }
      assert.equal(0, native.status, native.err)
      compare(native, seen)
    end)
  end

  attack.each(it, "a path that is cut off is not another path", function(who)
    -- 4,095 bytes lead to a file that may be read; the path goes on to one that may not.
    local root, policy = attack.ground(who)
    local path = root .. "/open/data"
    local native, seen = live.both {
      as = who, policy = policy,
      command = { live.program("attack_open"), "0",
        root .. ("/"):rep(4095 - #path) .. "/open/data", root .. ("/"):rep(4094 - #path) .. "/open/data",
        root .. ("/"):rep(4096 - #path) .. "/open/data", root .. ("/"):rep(4095 - #path) .. "/open/data/x" },
    }
    assert.equal(native.out, seen.out)
    assert.equal("=innocent\n=innocent\nENAMETOOLONG\nENAMETOOLONG\n", native.out)
  end)

  attack.each(it, "the width of flags does not hide a write", function(who)
    local root = live.directory()
    attack.shell(("echo precious >%s/data && chmod 666 %s/data"):format(root, root))
    local result = live.run {
      as = who, args = { "-q" },
      policy = 'allow.read "/**"\nallow.exec "/**"\n',
      command = { live.program("attack_width"), root .. "/data" },
    }
    assert.equal("precious\n", live.read_file(root .. "/data"))
    for line in result.out:gmatch("[^\n]+") do assert.is_truthy(line:find("EACCES"), line) end
    assert.is_truthy(#result.out > 100, result.err)
  end)

  for _, test in ipairs { "directory", "table" } do
    attack.each(it, "a thread with its own view: " .. test, function(who)
      local root, policy = attack.ground(who)
      local function run(one, two)
        return live.both { as = who, policy = policy,
          command = { live.program("attack_views"), test, root .. one, root .. two } }
      end
      attack.shell(("mkdir %s/open/other && echo different >%s/open/other/data"):format(root, root), who)
      local native, seen = run("/open", "/open/other")
      assert.equal(native.out, seen.out)
      assert.is_truthy(native.out:find("different", 1, true))
      -- The thread is where its process is not: what counts is where it is.
      _, seen = run("/open", "/shut")
      assert.is_nil(seen.out:find(attack.secret, 1, true))
      _, seen = run("/shut", "/open")
      assert.is_nil(seen.out:find(attack.secret, 1, true))
      assert.is_truthy(seen.out:find("thread: innocent", 1, true), seen.out)
    end)
  end

  attack.each(it, "a thread with its own umask", function(who)
    local native, seen = live.both {
      as = who,
      command = ([[cd $(mktemp -d) && PROGRAM umask && stat -c "%A %n" *]])
        :gsub("PROGRAM", live.program("attack_views")),
    }
    assert.equal(native.out, seen.out)
    assert.is_truthy(native.out:find("-rw------- thread\n", 1, true))
  end)
end)
