local live = require "live"
local attack = require "attack"

describe("signals while a call is performed", function()
  after_each(live.cleanup)

  local ways = {
    { "by rules" },
    { "by a handler", "function on.open(call) if call.path == \"/x\" then return deny() end end\n" ..
      "function on.mkdir(call) if call.path == \"/x\" then return deny() end end\n" },
  }

  local function storm(who, policy, ...)
    local result = live.run { as = who, policy = policy, timeout = 40,
      command = { live.program("attack_storm"), ... } }
    assert.equal("signals: many\n", result.out, (...) .. result.err)
    assert.equal(0, result.status)
  end

  --- The ground, with open/fifo.
  local function ground_with_fifo(who)
    local root, policy = attack.ground(who)
    attack.shell(("mkfifo -m 666 %s/open/fifo"):format(root), who)
    return root, policy
  end

  for _, way in ipairs(ways) do
    attack.each(it, "10,000 opens of eight threads under a timer of 50 us succeed: " .. way[1], function(who)
      local root, policy = attack.ground(who, way[2])
      storm(who, policy, "open", "1250", "8", root .. "/open")
    end)

    attack.each(it, "nothing is made twice, nothing is missing: " .. way[1], function(who)
      local root, policy = attack.ground(who, way[2])
      attack.shell(("mkdir %s/open/files %s/open/directories"):format(root, root), who)
      for test, directory in pairs { make = "files", directory = "directories" } do
        storm(who, policy, test, "250", "8", root .. "/open/" .. directory)
        assert.equal("2000\n", attack.shell(("ls %s/open/%s | wc -l"):format(root, directory)))
      end
    end)
  end

  attack.each(it, "one thread, nothing is made twice", function(who)
    local root, policy = attack.ground(who)
    storm(who, policy, "make", "2000", "1", root .. "/open")
  end)

  for _, way in ipairs { "interrupt", "restart" } do
    attack.each(it, "the open of a FIFO blocks, others are served, a signal arrives: " .. way, function(who)
      local root = ground_with_fifo(who)
      local native, seen = live.both { as = who, command = {
        live.program("attack_storm"), "fifo", root .. "/open/fifo", root .. "/open/data", way } }
      assert.equal(native.out, seen.out, seen.err)
      assert.is_truthy(native.out:find(way == "restart" and "opened" or "EINTR", 1, true))
      assert.is_truthy(native.out:find("at the time: yes", 1, true))
      assert.is_truthy(native.out:find("served: yes", 1, true))
    end)
  end

  -- Each holds a worker; the next call must find one, or be refused, but never wait for them.
  for _, crowd in ipairs {
    { "20", 6, "the end does not wait for opens that nobody waits for" },
    { "300", 8, "three hundred blocked opens stall nobody" },
  } do
    attack.each(it, crowd[3], function(who)
      local root, policy = ground_with_fifo(who)
      local result = live.run { as = who, policy = policy, timeout = crowd[2], command = {
        live.program("attack_crowd"), crowd[1], root .. "/open/fifo", root .. "/open/data" } }
      assert.equal("served while they waited\nall ended\n", result.out, result.err)
      assert.equal(0, result.status)
    end)
  end

  -- Where the supervisor itself can get no more threads or descriptors, those that block are refused.
  for what, crowd in pairs {
    ["no thread can be made"] = { "--nproc=40", "60", who = "user" },
    ["few files may be open"] = { "--nofile=512:512", "240" },
  } do
    attack.each(it, "opens that block stall nobody where " .. what, function(who)
      if crowd.who and crowd.who ~= who then return end
      local root, policy = ground_with_fifo(who)
      live.write_file(root .. "/policy.lua", policy)
      local result = live.run { as = who, timeout = 60, cwd = root .. "/open", command = { "prlimit", crowd[1],
        live.binary, "run", "-q", "-p", root .. "/policy.lua", "--", live.program("attack_crowd"), crowd[2], "./fifo", "data" } }
      assert.equal("served while they waited\nall ended\n", result.out, result.err)
      assert.equal(0, result.status)
    end)
  end

  attack.each(it, "a blocked open ends with its process, at once", function(who)
    local root, policy = ground_with_fifo(who)
    local result = live.run { as = who, policy = policy, timeout = 10, args = { "-q" }, command = ([[
      for signal in TERM KILL HUP; do
        cat ROOT/open/fifo & p=$!; sleep 0.1; kill -$signal $p; wait $p; echo $?
      done
      timeout 0.1 cat ROOT/open/fifo; echo $?
      sh -c 'exec 3<>ROOT/open/fifo; echo through >&3; head -n 1 <ROOT/open/fifo'
      echo via fifo >ROOT/open/fifo & cat ROOT/open/fifo]]):gsub("ROOT", root) }
    assert.equal("143\n137\n129\n124\nthrough\nvia fifo\n", result.out, result.err)
    assert.equal(0, result.status)
  end)
end)
