local live = require "live"
local attack = require "attack"

-- Objects whose opening does something, or waits.
describe("FIFOs, terminals and devices", function()
  after_each(live.cleanup)

  local private = live.is_root()

  local function same(options)
    options.private = options.private == nil and private or options.private
    local native, seen = live.both(options)
    assert.equal(native.out, seen.out, seen.err)
    assert.equal(native.status, seen.status)
    return native.out
  end

  attack.each(it, "a denied one is not touched: no wait, no side effect", function(who)
    local root, policy = attack.ground(who, [[
deny.read { "/dev/ptmx", "/dev/pts/**" }
deny.write { "/dev/ptmx", "/dev/pts/**" }
]])
    attack.shell(("mkfifo -m 666 %s/shut/fifo && ln -s ../shut/fifo %s/open/link"):format(root, root), who)
    -- Somebody outside waits for a partner: a supervisor that opens to see what it is would wake them.
    local result = live.run { as = who, timeout = 10, command = ([[
      cd ROOT; echo woken >shut/fifo & writer=$!; cat >policy.lua <<'POLICY'
POLICY_TEXT
POLICY
      BINARY run -q -p policy.lua -- PROGRAM 0 shut/fifo open/link /dev/ptmx
      BINARY run -q -p policy.lua -- PROGRAM 0x800 shut/fifo
      BINARY run -q -p policy.lua -- PROGRAM 0x201 shut/fifo open/link
      BINARY run -q -p policy.lua -- PROGRAM 0x200000 shut/fifo
      kill -0 $writer && echo still waiting; kill $writer]])
        :gsub("ROOT", root):gsub("BINARY", live.binary):gsub("PROGRAM", live.program("attack_open"))
        :gsub("POLICY_TEXT", function() return policy end) }
    assert.equal(("EACCES\n"):rep(7) .. "still waiting\n", result.out, result.err)
  end)

  attack.each(it, "flags on a FIFO as natively", function(who)
    local out = same { as = who, timeout = 10, command = ([[
      d=$(mktemp -d); cd $d; mkfifo f; ln -s f l
      for flags in 0x800 0x801 0x802 2 0x10000 0x10800 0x20800 0x200000 0xc1 0x841 0x842 0xa01 0xc00; do
        echo $flags $(PROGRAM $flags f l f/ f/x); done
      cat f & sleep 0.05; echo one >f; wait
      (sleep 0.1; echo two >f) & cat f; wait
      (sleep 0.1; cat f) & echo three >f; wait]]):gsub("PROGRAM", live.program("attack_open")) }
    assert.is_truthy(out:find("one\ntwo\nthree\n$"), out)
  end)

  attack.each(it, "a terminal is not taken by whoever opens it for a target", function(who)
    local out = same { as = who, timeout = 10, command = { "setsid", "-w", live.program("attack_terminal") } }
    assert.is_truthy(out:find("/dev/tty of nobody: ENXIO", 1, true), out)
    assert.is_truthy(out:find("/dev/tty of our own: ok", 1, true), out)
  end)

  attack.each(it, "the supervisor, a session leader, keeps without a terminal", function(who)
    local _, policy = attack.ground(who, 'allow.write { "/dev/**" }\n')
    local result = live.run { as = who, timeout = 10, command = ([[
      cd $(mktemp -d) && cat >policy.lua <<'POLICY'
POLICY_TEXT
POLICY
      mkfifo wait; chmod 666 wait
      setsid sh -c 'echo $$ >pid; exec BINARY run -q -p policy.lua -- sh -c "exec 3>/dev/ptmx; sleep 0.2
        TERMINAL; for t in /dev/pts/[0-9]*; do PROGRAM 0x802 \$t >/dev/null; done; sleep 0.3"' &
      sleep 0.4; cut -d" " -f 7 /proc/$(cat pid)/stat; wait]])
        :gsub("POLICY_TEXT", function() return policy end):gsub("BINARY", live.binary)
        :gsub("TERMINAL", live.program("attack_terminal")):gsub("PROGRAM", live.program("attack_open")) }
    assert.is_truthy(("\n" .. result.out):find("\n0\n"), result.out .. result.err)
    assert.is_truthy(result.out:find("TIOCSCTTY: ok", 1, true), result.out .. result.err)
  end)

  attack.each(it, "devices as natively", function(who)
    same { as = who, timeout = 10, command = ([[
      PROGRAM 0 /dev/null /dev/full /dev/tty /dev/none; head -c 3 /dev/zero | od -c
      PROGRAM 0x10000 /dev/null; PROGRAM 0x241 /dev/null /dev/full; PROGRAM 0xc1 /dev/null
      head -c 8 /dev/urandom | wc -c; echo x >/dev/full || echo full
      echo to stderr 2>&1 >/dev/stderr; cat </dev/stdin; cat /dev/fd/0; cat /dev/fd/4 4</etc/hostname]])
        :gsub("PROGRAM", live.program("attack_open")) }
  end)

  attack.each(it, "an open that waits for a lease holds up nobody, and ends when it is broken", function(who)
    local out = same { as = who, timeout = 10, command = { "/usr/bin/python3", "-S", "-c", [[
import fcntl, os, signal, sys, tempfile, time
os.chdir(tempfile.mkdtemp())
signal.signal(signal.SIGIO, lambda *a: None)
fd = os.open("leased", os.O_RDWR | os.O_CREAT, 0o600)
os.close(os.open("other", os.O_RDWR | os.O_CREAT, 0o600))
fcntl.fcntl(fd, 1024, fcntl.F_WRLCK)
if os.fork() == 0:
    for path, flags in (("leased", os.O_RDONLY | os.O_NONBLOCK), ("leased", os.O_PATH)):
        try: os.close(os.open(path, flags)); print("opened", path)
        except OSError as e: print(e.strerror)
    sys.stdout.flush()
    start = time.monotonic()
    os.close(os.open("leased", os.O_RDONLY))
    print("waited" if 0.2 < time.monotonic() - start < 2 else "did not wait")
    sys.stdout.flush()
    os._exit(0)
start = time.monotonic()
while time.monotonic() < start + 0.4:
    os.close(os.open("other", os.O_RDONLY))
fcntl.fcntl(fd, 1024, fcntl.F_UNLCK)
os.wait()
]] } }
    assert.is_truthy(out:find("waited\n", 1, true), out)
  end)
end)
