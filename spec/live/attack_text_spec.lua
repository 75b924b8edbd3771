local live = require "live"
local attack = require "attack"

-- A target names files and itself as it likes; people and programs read what is said about them.
describe("bytes that a target puts into messages and the log", function()
  after_each(live.cleanup)

  local nasty = {
    "plain", "new\nline", "carriage\rreturn", "\27[2J\27]0;title\7", "\27[31mred\27[0m", "tab\tbell\7",
    "\128\255\254 invalid", "half \195", "over\192\175long", "surrogate \237\160\128", "quote \" and \\",
    "\u{202e}gnp.exe", "zero\u{200b}width", "\u{9b}2J c1", "del\127", "{\"verdict\":\"allow\"}",
    "%s%n%d", "über ß 月", "end\n{\"time\":\"forged\"}",
    "x\nmoongate: denied opening \"/forged\" by sh[1]",
  }

  local function python(code, argument)
    return live.run { command = { "/usr/bin/python3", "-c", code, argument } }
  end

  local check_log = [[
import json, sys
for line in open(sys.argv[1], "rb").read().decode("utf-8").split("\n")[:-1]:
    record = json.loads(line)
    assert isinstance(record, dict) and record["verdict"] and record["time"], line
    assert all(ord(c) >= 32 and ord(c) != 127 for c in line), line
    assert not any(0x80 <= ord(c) < 0xa0 or ord(c) in (0x202e, 0x200b) for c in line), line
    if "path_hex" in record: bytes.fromhex(record["path_hex"])
    if record["syscall"] in ("openat", "mkdirat"):
        print(record.get("path_hex") or record["path"].encode().hex())
]]

  local function has_raw(text)
    return text:find("[%z\1-\9\11-\31\127]") or text:find("\u{202e}") or text:find("\u{200b}")
      or text:find("\u{9b}") or not utf8.len(text)
  end

  --- Runs attack_open on the nasty names under a policy.
  local function run(who, policy, arguments, options)
    local root = live.directory()
    attack.shell("mkdir -m 777 " .. root .. "/d", who)
    local command = { live.program("attack_open") }
    for _, argument in ipairs(arguments) do command[#command + 1] = argument end
    for _, name in ipairs(nasty) do command[#command + 1] = root .. "/d/" .. name end
    local result = live.run {
      as = who, policy = policy:gsub("ROOT", root), command = command,
      args = { "--log", root .. "/log", table.unpack(options or {}) },
    }
    return result, root
  end

  local refusing = [[
allow.read "/**"
allow.exec "/**"
deny.read { "ROOT/d/**", why = "because" }
deny.write "ROOT/d/**"
]]

  for what, arguments in pairs {
    ["reading"] = { "0" }, ["creating"] = { "0x41" }, ["making directories"] = { "-m", "0755" },
  } do
    attack.each(it, "denials and their records: " .. what, function(who)
      local result, root = run(who, refusing, arguments)
      assert.equal(("EACCES\n"):rep(#nasty), result.out, result.err)
      assert.is_falsy(has_raw(result.err), result.err)
      assert.is_nil(result.err:find("\n[^ m]"), "a line that moongate did not begin")
      assert.is_nil(result.err:find("\nmoongate: denied opening \"/forged\"", 1, true))
      local _, count = ("\n" .. result.err):gsub("\nmoongate: denied", "")
      assert.equal(#nasty, count)
      local checked = python(check_log, root .. "/log")
      assert.equal("", checked.err)
      for _, name in ipairs(nasty) do
        local hex = (root .. "/d/" .. name):gsub(".", function(c) return ("%02x"):format(c:byte()) end)
        hex = hex:gsub("\n", "0a")
        assert.is_truthy(checked.out:find(hex, 1, true), "no record has the bytes of " .. name)
      end
    end)
  end

  attack.each(it, "a default denial and the line that would allow it", function(who)
    local result, root = run(who, 'allow.read { "/usr/**", "/lib/**", "/etc/**" }\nallow.exec "/**"\n',
      { "0x41" })
    assert.is_falsy(has_raw(result.err), result.err)
    assert.is_nil(result.err:find("\n[^ m]"))
    assert.equal("", python(check_log, root .. "/log").err)
  end)

  attack.each(it, "color does not open the way", function(who)
    local result = run(who, refusing, { "0" }, { "--color", "always" })
    local without = result.err:gsub("\27%[1;31m", ""):gsub("\27%[0m", "")
    assert.is_falsy(has_raw(without), without)
  end)

  local handlers = {
    ["a reason"] = 'if call.path:find("ROOT", 1, true) then return deny("EACCES", call.path) end',
    ["an error"] = 'if call.path:find("ROOT", 1, true) then error(call.path) end',
    ["an error object"] = [[if call.path:find("ROOT", 1, true) then
      error(setmetatable({}, { __tostring = function() return call.path end })) end]],
    ["print"] = 'if call.path:find("ROOT", 1, true) then print(call.path, call.given) return deny() end',
    ["a redirection"] = [[if call.path:find("ROOT/d", 1, true) then
      return redirect("ROOT/none/" .. call.path:sub(-9)) end]],
    ["a nonsense verdict"] = 'if call.path:find("ROOT", 1, true) then return call.path end',
  }
  for what, body in pairs(handlers) do
    attack.each(it, "a handler that passes them on: " .. what, function(who)
      local result, root = run(who, ([[
allow.read "/**"
allow.exec "/**"
function on.open(call)
  BODY
end
]]):gsub("BODY", function() return body end), { "0" })
      assert.is_nil(result.out:find("=", 1, true), result.out)
      assert.is_falsy(has_raw(result.err), result.err)
      assert.is_nil(result.err:find("\n[^ m]"), result.err)
      assert.equal("", python(check_log, root .. "/log").err)
    end)
  end

  attack.each(it, "the name of a thread", function(who)
    local root, policy = attack.ground(who)
    local result = live.run {
      as = who, policy = policy, args = { "--log", root .. "/log" },
      command = { "/usr/bin/python3", "-S", "-c", [[
import ctypes, os, sys
for name in (b"\x1b[2J", b"new\nline", b"\xff\x80", b"a) (b", b'"\\'):
    ctypes.CDLL(None).prctl(15, name, 0, 0, 0)
    for path in (sys.argv[1] + "/%d" % len(name), sys.argv[1]):
        try: os.open(path + repr(name), os.O_RDONLY | os.O_CREAT)
        except PermissionError: print("refused")
]], root .. "/shut/x" },
    }
    assert.equal(("refused\n"):rep(10), result.out, result.err)
    assert.is_falsy(has_raw(result.err), result.err)
    assert.equal("", python(check_log, root .. "/log").err)
  end)

  attack.each(it, "no decision is too long for its record", function(who)
    local root = live.directory()
    local command = { "/usr/bin/python3", "-S", "-c", [[
import os, sys
byte = os.fsencode(sys.argv[2])
path = os.fsencode(sys.argv[1]) + b"".join(b"/" + byte * 250 for i in range(16))
for flags in (os.O_RDONLY, os.O_RDONLY | os.O_CREAT):
    try: os.open(path[:4095], flags)
    except OSError as e: print(e.errno)
]], root, "\27" }
    local policy = ([[
allow.read "/**"
allow.write "/**"
allow.exec "/**"
function on.open(call)
  if call.path:find("\27") then return VERDICT end
end
]])
    local verdicts = { 'redirect("ROOT/none" .. call.path)', 'deny("EPERM", call.path)', "allow()" }
    for _, verdict in ipairs(verdicts) do
      local text = policy:gsub("VERDICT", function() return verdict end):gsub("ROOT", root)
      local result = live.run {
        as = who, policy = text, args = { "--log", root .. "/log" }, command = command }
      assert.is_nil(result.err:find("cannot write the log", 1, true), result.err)
      local checked = python(check_log, root .. "/log")
      assert.equal("", checked.err)
      assert.is_truthy(checked.out:find(("1b"):rep(250), 1, true), "no record of " .. verdict)
      os.remove(root .. "/log")
    end
  end)

  attack.each(it, "a record is there before the target sees the answer", function(who)
    local root, policy = attack.ground(who)
    policy = policy .. ('allow.read %q\n'):format(root .. "/log")
    local result = live.run {
      as = who, policy = policy, args = { "-q", "--log", root .. "/log" },
      command = { live.program("attack_logged"), root .. "/log", root .. "/open/data", root .. "/shut/data" },
    }
    assert.equal("160 records were there\n", result.out, result.err)
  end)

  attack.each(it, "a flood of different denials", function(who)
    local root, policy = attack.ground(who)
    local result = live.run {
      as = who, policy = policy, args = { "--log", root .. "/log" },
      command = { "sh", "-c", live.program("attack_open") .. " 0 $(seq -f " .. root ..
        "/shut/%g 3000) | sort | uniq -c" },
    }
    assert.is_truthy(result.out:find("3000 EACCES"), result.out)
    local _, count = live.read_file(root .. "/log"):gsub("/shut/%d+\"", "")
    assert.equal(3000, count) -- all are recorded,
    assert.is_true(#result.err < 400 * 1024, "too much for a terminal") -- not all are shown
    assert.is_truthy(result.err:find("3000 denials", 1, true))
  end)

  attack.each(it, "a log that cannot be written is said, once", function(who)
    local _, policy = attack.ground(who)
    local result = live.run {
      as = who, policy = policy, args = { "-q", "--log", "/dev/full" },
      command = "cat /etc/hostname >/dev/null; cat /etc/hostname >/dev/null",
    }
    local _, count = result.err:gsub("cannot write the log", "")
    assert.equal(1, count)
  end)
end)
