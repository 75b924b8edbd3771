--- Starting real programs from specs: natively or supervised, as root (in a private root file system
--- that a bug can't leave) or as an ordinary user.
local live = {}

local project = os.getenv("MOONGATE_PROJECT") or assert(io.popen("pwd")):read("l")
local build = os.getenv("MOONGATE_BUILD") or "build/dev"
if build:sub(1, 1) ~= "/" then build = project .. "/" .. build end

live.project = project
live.build = build
live.binary = build .. "/moongate"
live.user_id = 2001

--- Of a table of attempts every how manyeth is made: MOONGATE_STRIDE, or the usual one, which grows
--- with MOONGATE_SPARSE where everything takes longer.
function live.stride(usual)
  return os.getenv("MOONGATE_STRIDE") or tostring(usual * tonumber(os.getenv("MOONGATE_SPARSE") or "1"))
end

--- Path of a C program below spec/live/programs, built by CMake.
function live.program(name)
  return build .. "/spec/programs/" .. name
end

function live.quote(word)
  return "'" .. tostring(word):gsub("'", "'\\''") .. "'"
end

function live.quote_all(words)
  local quoted = {}
  for i, word in ipairs(words) do quoted[i] = live.quote(word) end
  return table.concat(quoted, " ")
end

function live.read_file(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("a")
  file:close()
  return text
end

function live.write_file(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

--- A fresh directory, removed by live.cleanup(); every user may enter it.
local made = {}
function live.directory()
  local pipe = assert(io.popen("d=$(mktemp -d /tmp/moongate-spec.XXXXXX) && chmod 777 $d && echo $d"))
  local path = assert(pipe:read("l"))
  pipe:close()
  made[#made + 1] = path
  return path
end

function live.cleanup()
  -- What its owner may not enter, only root removes.
  for _, path in ipairs(made) do
    local name = live.quote(path)
    os.execute(("rm -rf %s 2>/dev/null || { chmod -R u+rwx %s; rm -rf %s; }"):format(name, name, name))
  end
  made = {}
end

function live.is_root()
  local pipe = assert(io.popen("id -u"))
  local id = pipe:read("l")
  pipe:close()
  return id == "0"
end

--- Words that run a command as somebody: "root", "user", or nil for whoever runs the specs.
local function identity_words(who)
  if who == "user" and live.is_root() then
    return { "setpriv", "--reuid=" .. live.user_id, "--regid=" .. live.user_id, "--clear-groups",
      "--inh-caps=-all", "--bounding-set=-all" }
  end
  return {}
end

local function append(list, more)
  for _, item in ipairs(more) do list[#list + 1] = item end
  return list
end

--- Runs a command and returns { status =, out =, err = } (status as the shell tells it: 128+n for a
--- signal, 124 when it took longer than `timeout` seconds, a hang).
---
--- options: command (a list, or a string for sh -c), policy (Lua text or a path ending in .lua or a
---   built-in name; nil: natively), args (more options of `moongate run`), as ("root" | "user"),
---   private (true: in a private root; needs root), cwd, stdin, env (name → value), timeout (20 s)
function live.run(options)
  local command = options.command
  if type(command) == "string" then command = { "sh", "-c", command } end
  local scratch = live.directory()
  local words = {}
  local timeout = options.timeout or 20
  if options.private then
    append(words, { project .. "/spec/support/private-root", project, build })
  end
  append(words, identity_words(options.as))
  append(words, { "timeout", "--kill-after=5", "--foreground", tostring(timeout) })
  append(words, { "env" })
  for name, value in pairs(options.env or {}) do words[#words + 1] = name .. "=" .. value end
  if options.policy then
    local policy = options.policy
    if policy:find("\n") or policy:find("[ (]") then
      -- The text goes along in an argument, so that it is there in a private root, too.
      append(words, { "sh", "-c",
        'f=$(mktemp -d' .. (options.private and "" or " -p " .. live.quote(scratch)) ..
        ')/policy.lua && printf %s "$1" > "$f" && b=$2 && shift 2 && ' ..
        'exec "$b" run -p "$f" "$@"', "sh", policy, live.binary })
    else
      append(words, { live.binary, "run", "-p", policy })
    end
    append(words, options.args or {})
    words[#words + 1] = "--"
  end
  append(words, command)
  local line = live.quote_all(words) .. " >" .. live.quote(scratch .. "/out") .. " 2>" ..
    live.quote(scratch .. "/err")
  if options.stdin then
    live.write_file(scratch .. "/in", options.stdin)
    line = line .. " <" .. live.quote(scratch .. "/in")
  else
    line = line .. " </dev/null"
  end
  if options.cwd then line = "cd " .. live.quote(options.cwd) .. " && " .. line end
  local _, _, status = os.execute(line)
  return {
    status = status,
    out = live.read_file(scratch .. "/out"),
    err = live.read_file(scratch .. "/err"),
  }
end

--- A policy that permits everything, judged call by call, so that nothing is decided in the kernel.
live.permissive = [[
allow.read "/**"
allow.write "/**"
allow.exec "/**"
deny.read "/moongate-never"
deny.write "/moongate-never"
allow.syscall { "@file-change", "@network", "@keyring", "@time", "@admin", "@perf", "@ipc" }
]]

--- Runs the same twice and returns both: native, supervised.
function live.both(options)
  local native, supervised = {}, {}
  for key, value in pairs(options) do native[key], supervised[key] = value, value end
  native.policy = nil
  supervised.policy = options.policy or live.permissive
  supervised.args = options.args or { "-q" }
  return live.run(native), live.run(supervised)
end

return live
