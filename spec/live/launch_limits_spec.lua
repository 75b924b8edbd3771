-- Started where there is little: it works as without Moongate, or nothing runs and a sentence says why.
local live = require "live"
local compare = require "compare"
local shell, same = compare.shell, compare.same

describe("run under #live", function()
  local logged

  setup(function()
    compare.set_up()
    local directory = live.directory()
    live.write_file(directory .. "/policy.lua", live.permissive .. ("deny.write %q\n"):format(directory .. "/log"))
    -- A start that says what it denies, with a log that the program may not write: $logged and $log.
    logged = ("log=%s/log; rm -f $log; logged='%s run -p %s/policy.lua --log %s/log --'\n"):format(
      directory, live.binary, directory, directory)
  end)
  teardown(live.cleanup)

  --- Starts `touch` under a limit, with both outputs in a pipe, which takes what is written under any.
  local function assert_refused(start, limit, as, ...)
    -- What a runner of specs left open would count, too.
    local result = shell(([[
      exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
      { (ulimit %s; exec %s touch ran); echo $?; } 2>&1 | cat; ls ran 2>/dev/null]]):format(limit, start), { as = as })
    assert.truthy(result.out:find("^moongate: %l+ %l+ .+\n125\n$"), result.out)
    local found = false
    for _, reason in ipairs { ... } do found = found or result.out:find(reason, 1, true) end
    assert.truthy(found, result.out)
  end

  for _, as in ipairs { "user", "root" } do
    describe("a limit of open files, as " .. as .. ",", function()
      it("that is too low", function()
        -- Below 4 not even the dynamic loader can open a library.
        for _, limit in ipairs { 4, 5, 6, 7, 8, 9, 10, 12, 16, 24, 31 } do
          assert_refused("$run", "-n " .. limit, as, "ulimit -n", limit < 12 and "Too many open files" or nil)
        end
      end)

      it("that is just enough", function()
        for _, limit in ipairs { "-n 32", "-n 33", "-S -n 32" } do
          assert.equal(0, same(([[
            ulimit %s; $run bash -c '
              ulimit -S -n; ulimit -H -n; seq 5 | sort -r | tee copy; cat copy copy | wc -l; mkdir made; ls made copy
              for i in $(seq 50); do exec {fd}</dev/null || break; echo $fd; done 2>&1 | sed s/^.*line/line/']])
            :format(limit), { as = as }).status)
        end
      end)

      it("that is lowered in the command", function()
        same("$run sh -c 'ulimit -n 3; cat /etc/hostname; echo $?; read line </etc/hostname; echo $?' 2>&1 | sed s/^sh:.*line//",
          { as = as })
      end)
    end)

    it("a reader of its messages that is gone, as " .. as .. ", the command ends as ever", function()
      local result = shell(logged .. [[
        { $logged sh -c 'exec 2>/dev/null; sleep 0.3; (echo >$0); exit 3' $log; echo $? >status; } 2>&1 | true
        cat status; grep -c '"deny"' $log]], { as = as })
      assert.truthy(result.out:find("^3\n[1-9]"), result.out .. result.err)
    end)

    describe("a limit of file sizes, as " .. as .. ",", function()
      it("that leaves nothing to write, with a log and without", function()
        assert_refused("$run", "-f 0", as, "ulimit -f")
        assert_refused("$moongate run -q -p build --log log --", "-f 0", as, "ulimit -f")
      end)

      it("that ends the program", function()
        same([[prlimit --fsize=262144 $run sh -c '
          head -c 262144 /dev/zero >fits; echo $?; head -c 262145 /dev/zero >large; echo $?; wc -c fits large' 2>/dev/null]],
          { as = as })
      end)

      it("that the log has reached", function()
        local result = shell(logged .. [[
          truncate -s 262144 $log
          { prlimit --fsize=262144 $logged sh -c 'echo text >file; cat file; exit 3'; echo ended $?; } 2>&1 | cat
          wc -c <$log]], { as = as })
        assert.truthy(result.out:find("moongate: cannot write the log: File too large\n", 1, true), result.out)
        assert.truthy(result.out:find("moongate: %d+ decisions are missing in the log\n"), result.out)
        assert.truthy(result.out:find("\ntext\n", 1, true), result.out)
        assert.truthy(result.out:find("\nended 3\n262144\n$"), result.out)
      end)
    end)

    describe("closed standard descriptors, as " .. as .. ",", function()
      local all = { "<&-", ">&-", "2>&-", "<&- >&-", "<&- 2>&-", ">&- 2>&-", "<&- >&- 2>&-" }
      -- What the program opens takes their places: it must stay the program's alone.
      local command = [[sh -c '
        cat <file; echo $?; echo out; echo err >&2; read line </moongate-never; echo $? >status
        exec 5>opened; echo opened >&5; readlink /proc/self/fd/5 >name; exit 3']]
      local look = "; echo $? >ended; for f in ended status opened; do echo $f: $(cat $f); done; sed s/^.*work// name"

      it("it runs as ever", function()
        for _, closed in ipairs(all) do
          same("echo text >file; $run " .. command:gsub("/moongate%-never", "missing") .. " " .. closed .. look, { as = as })
        end
      end)

      it("it logs into the log alone", function()
        for _, closed in ipairs(all) do
          local result = shell(logged .. "echo text >file; { $logged " .. command .. " " .. closed .. [[; } >/dev/null 2>&1
            grep -c /moongate-never $log >asked; grep -vc '^ *{"time":.*}$' $log; grep -c moongate: file status opened
            test $(cat asked) -gt 0 && echo asked]], { as = as })
          assert.equal("0\nfile:0\nstatus:0\nopened:0\nasked\n", result.out)
        end
      end)

      it("it refuses as ever", function()
        for _, closed in ipairs(all) do
          local result = shell("$moongate run -p missing.lua -- touch ran " .. closed .. "; echo $?; ls ran 2>/dev/null", { as = as })
          assert.equal("125\n", result.out)
        end
      end)
    end)
  end
end)
