-- What the user is told of denials, and what the log has.
local live = require "live"

local function count(text, what)
  local found = 0
  for _ in text:gmatch(what) do found = found + 1 end
  return found
end

local POLICY = [[
use "base/loader"
allow.exec { "/**" }
allow.read { "/usr/**", "/etc/hostname" }
deny.read { "/etc/shadow", "/etc/sudoers", errno = "ENOENT", why = "not yours" }
]]

describe("denials #live", function()
  after_each(live.cleanup)

  local function run(command, args, policy)
    return live.run { policy = policy or POLICY, command = command, args = args or {} }
  end

  it("are told once for each rule and object, and counted at the end", function()
    local result = run("for i in 1 2 3 4 5; do cat /etc/shadow; done; cat /etc/fstab")
    assert.equal(1, count(result.err, 'denied opening %(read%) "/etc/shadow"'))
    assert.equal(1, count(result.err, 'denied opening %(read%) "/etc/fstab"'))
    assert.truthy(result.err:find("moongate: 6 denials", 1, true), result.err)
    assert.truthy(result.err:find("openat \"/etc/shadow\"  (5 times)", 1, true), result.err)
  end)

  it("name the rule, where it stands, the pattern that matched and why", function()
    local result = run("cat /etc/sudoers")
    assert.truthy(result.err:find(
      'ENOENT %(%S+policy.lua:4: deny.read "/etc/sudoers": not yours%)'), result.err)
  end)

  it("name the line that would allow them, and it does", function()
    local result = run("cat /etc/fstab")
    local line = result.err:match("to allow it: (allow%.read [^\n]+)")
    assert.equal('allow.read "/etc/fstab"', line)
    local allowed = run("cat /etc/fstab", {}, POLICY .. line .. "\n")
    assert.equal(0, allowed.status)
    assert.equal(live.read_file("/etc/fstab"), allowed.out)
    assert.equal("", allowed.err)
  end)

  it("of a group name the group, and opening it helps", function()
    local command = { "python3", "-c", "import socket; socket.socket(socket.AF_INET)" }
    local policy = POLICY .. "allow.read '/**'\n"
    local result = run(command, {}, policy)
    assert.truthy(result.err:find('to allow it: allow.syscall "@inet"', 1, true), result.err)
    local allowed = run(command, { "-q" }, policy .. 'allow.syscall "@inet"\n')
    assert.equal(0, allowed.status)
  end)

  it("of a removal name the rule that would allow it, and no group does", function()
    local directory = live.directory()
    live.write_file(directory .. "/x", "")
    local command = "rm -f " .. directory .. "/x"
    local policy = POLICY .. "allow.read '/**'\n"
    local result = run(command, {}, policy .. 'allow.syscall "@remove"\n')
    assert.truthy(result.err:find(("denied removing %q"):format(directory .. "/x"), 1, true), result.err)
    local line = result.err:match("to allow it: (allow%.write [^\n]+)")
    assert.equal(("allow.write %q"):format(directory .. "/x"), line)
    local allowed = run(command, {}, policy .. line .. "\n")
    assert.same({ 0, "" }, { allowed.status, allowed.err })
    assert.is_nil(io.open(directory .. "/x"))
  end)

  it("of a call with two names show both, and each pair is told of", function()
    local directory = live.directory()
    live.write_file(directory .. "/x", "")
    local command = ([[cd %s; for name in y y z; do ln x $name; done]]):format(directory)
    local result = run(command, {}, POLICY .. "allow.read '/**'\n")
    for name, times in pairs { y = "  (2 times)", z = "" } do
      local both = ("linking %q to %q"):format(directory .. "/x", directory .. "/" .. name)
      assert.equal(1, count(result.err, both:gsub("[%-%.]", "%%%0")), result.err)
      local lines = ('allow.read "%s/x"  allow.write "%s/x"  allow.write "%s/%s"'):format(directory,
        directory, directory, name)
      assert.truthy(result.err:find("    " .. lines .. times .. "\n", 1, true), result.err)
    end
  end)

  it("of a move say why a copy is another thing", function()
    local directory = live.directory()
    live.write_file(directory .. "/x", "")
    local policy = POLICY .. ([[
allow.write "DIR/**"
allow.read { "DIR", "DIR/open/**", "/etc/**" }
]]):gsub("DIR", directory)
    local result = run(("cd %s && mkdir open && mv x open/x"):format(directory), {}, policy)
    assert.truthy(result.err:find("EXDEV (", 1, true), result.err)
    assert.truthy(result.err:find("under the new name this rule would allow", 1, true), result.err)
  end)

  it("of a handler that fails are told once, whatever it was asked about", function()
    local result = run("cat /etc/hostname /etc/fstab /etc/passwd", {}, POLICY .. [[
function on.open(call) if call.path:find("^/etc/[^l]") then return call.pth end end
]])
    assert.equal(1, count(result.err, "denied opening"), result.err)
    assert.equal(1, count(result.err, "stack traceback"), result.err)
    assert.truthy(result.err:find("policy.lua:5: the policy failed  (3 times)", 1, true), result.err)
  end)

  it("that one line would allow are one in the summary", function()
    local result = run("for i in 1 2 3; do cat /proc/self/status >/dev/null; done")
    assert.equal(1, count(result.err, '    allow%.read "/proc/%*/status"'), result.err)
    assert.truthy(result.err:find('allow.read "/proc/*/status"  (3 times)', 1, true), result.err)
  end)

  it("are not told with -q", function()
    local result = run("cat /etc/shadow", { "-q" })
    assert.equal("cat: /etc/shadow: No such file or directory\n", result.err)
  end)

  it("do not mention an object that is missing under the default", function()
    local result = run("cat /no/such/file")
    assert.equal("cat: /no/such/file: No such file or directory\n", result.err)
  end)

  it("have colour only when asked for", function()
    assert.falsy(run("cat /etc/shadow").err:find("\27"))
    assert.truthy(run("cat /etc/shadow", { "--color", "always" }).err:find("\27[1;31m", 1, true))
    assert.equal(125, run("true", { "--color", "sometimes" }).status)
  end)

  it("stay readable in a terminal, whatever the path", function()
    local result = run([[cat "$(printf '/etc/\033[31mred\n/usr')"; cat "$(printf '/home/\377x')"]])
    local told = result.err:gsub("cat: [^\n]*\n[^\n]*\n?", "")
    assert.falsy(told:find("\27"), told)
  end)
end)

describe("the log #live", function()
  after_each(live.cleanup)
  local json = require "dkjson"

  local function lines_of(path)
    local lines = {}
    for line in io.lines(path) do
      local value, _, problem = json.decode(line)
      assert(value, ("%s: %s"):format(tostring(problem), line))
      lines[#lines + 1] = value
    end
    return lines
  end

  local function run(command)
    local log = live.directory() .. "/log"
    local result = live.run { policy = POLICY, command = command, args = { "-q", "--log", log } }
    return lines_of(log), result
  end

  local function find(lines, path, verdict)
    for _, line in ipairs(lines) do
      if line.path == path and line.verdict == verdict then return line end
    end
  end

  it("has every decision, one JSON object a line", function()
    local lines = run("cat /etc/hostname /etc/shadow; cat /etc/shadow")
    local allowed = find(lines, "/etc/hostname", "allow")
    assert.equal("rule", allowed.source)
    assert.equal(3, allowed.line)
    assert.equal("cat", allowed.comm)
    assert.equal("openat", allowed.syscall)
    assert.same({ "read" }, allowed.rights)
    local denied, seen = find(lines, "/etc/shadow", "deny"), 0
    assert.equal("ENOENT", denied.errno)
    assert.equal("not yours", denied.why)
    for _, line in ipairs(lines) do
      if line.path == "/etc/shadow" then seen = seen + 1 end
    end
    assert.equal(2, seen)
  end)

  it("has the bytes of a path that is not text", function()
    local lines = run([[mkdir "$(printf '/etc/\377\n.')"]])
    local denied
    for _, line in ipairs(lines) do
      if line.path_hex then denied = line end
    end
    assert.equal("/etc/\\xff\\x0a.", denied.path)
    assert.equal("2f6574632fff0a2e", denied.path_hex)
  end)

  it("has both names of a call that has two, and what each needs", function()
    local directory = live.directory()
    live.write_file(directory .. "/x", "")
    local lines = run(([[cd %s; mv x 'n
w']]):format(directory))
    local renamed
    for _, line in ipairs(lines) do
      if line.newpath then renamed = line end
    end
    assert.equal(directory .. "/x", renamed.path)
    assert.equal(directory .. "/n\\x0aw", renamed.newpath)
    assert.truthy(renamed.newpath_hex:find("2f6e0a77$"))
    assert.same({ "delete" }, renamed.rights)
    assert.same({ "create" }, renamed.new_rights)
    assert.equal("deny", renamed.verdict)
  end)

  it("is written before the program goes on", function()
    local log = live.directory() .. "/log"
    local result = live.run {
      policy = POLICY .. ("allow.read %q\n"):format(log),
      command = ("cat /etc/shadow; grep -c /etc/shadow %s"):format(log),
      args = { "-q", "--log", log },
    }
    assert.equal("1\n", result.out)
  end)

  it("keeps each line within a page, where SIGKILL can't cut it", function()
    local log = live.directory() .. "/log"
    live.run { policy = POLICY, args = { "-q", "--log", log }, command = [[
      for each in 1 2 3 4; do
        { for i in $(seq 100); do cat /etc/shadow.$each.$i; done; } 2>/dev/null &
      done; wait]] }
    local pages, before = {}, 0
    for line in live.read_file(log):gmatch "[^\n]*\n" do
      local first, last = before + #line:match "^ *", before + #line - 1
      assert.equal(first // 4096, last // 4096, line)
      pages[first // 4096] = true
      before = last + 1
    end
    assert.is_true(#pages > 10, #pages .. " pages")
    lines_of(log)
  end)

  it("that nobody reads is not waited for", function()
    local log = live.directory() .. "/log"
    os.execute("mkfifo " .. log)
    local result = live.run { policy = POLICY, command = "echo ran", timeout = 10, args = { "--log", log } }
    assert.equal(125, result.status)
    assert.equal("", result.out)
    assert.truthy(result.err:find("nobody has it open for reading", 1, true), result.err)
  end)

  it("goes to a FIFO that somebody reads", function()
    local log = live.directory() .. "/log"
    os.execute("mkfifo " .. log)
    local reader = io.popen("cat " .. log)
    local result = live.run { policy = POLICY, command = "cat /etc/shadow", timeout = 10, args = { "-q", "--log", log } }
    local text = reader:read "a"
    reader:close()
    assert.equal(1, result.status)
    assert.truthy(text:find('"path":"/etc/shadow"', 1, true), text)
  end)

  it("that can't be opened ends everything before it begins", function()
    local result = live.run { policy = POLICY, command = "echo ran",
      args = { "--log", "/no/such/directory/log" } }
    assert.equal(125, result.status)
    assert.equal("", result.out)
  end)
end)
