-- allow.map, deny.map, on.map: what programs load as code, in every way there is.
local live = require "live"
local attack = require "attack"
local compare = require "compare"

local PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
local GOOD, BAD = live.program "word_1.so", live.program "word_66.so"

-- Everything may be read and run but what the build has made: of that, `map` may be run, and the good
-- library be mapped.
local POLICY = ([[
allow.read "/**"
allow.write { "/tmp/**", "/dev/null", "/dev/tty" }
allow.exec { "/usr/**", "/bin/**", "BUILD/map" }
allow.map { "BUILD/word_1.so" }
]]):gsub("BUILD", live.build .. "/spec/programs")
local WITH_MEMORY = POLICY .. 'allow.map "/"\n'

describe("what programs load as code #live", function()
  teardown(live.cleanup)

  local function installed(program)
    return os.execute("PATH=" .. PATH .. " command -v " .. program .. " >/dev/null")
  end

  local function run(who, policy, command, options)
    options = options or {}
    return live.run { as = who, policy = policy, command = command, args = options.args or { "-q" },
      cwd = options.cwd, timeout = options.timeout or 60, env = { PATH = PATH, LC_ALL = "C" } }
  end

  --- Several attempts of the program `map`; what each said.
  local function attempts(who, policy, words, file)
    local script = ("for way in %s; do %s $way %s; done"):format(words, live.program "map", file or "")
    local result = run(who, policy, script)
    assert.equal(0, result.status, result.err)
    return result.out
  end

  --- A directory with `file`, which may be written and, by `policy`, mapped.
  local function own_file(who, policy)
    local root = live.directory()
    attack.shell(("cp %s %s/file"):format(GOOD, root), who)
    return root .. "/file", policy .. ('allow.map "%s/file"\n'):format(root)
  end

  attack.each(it, "python3 loads the library that is allowed, and no other", function(who)
    local result = run(who, POLICY, { "/usr/bin/python3", "-c", ([[
import ctypes, os, sqlite3
print(ctypes.CDLL("%s").the_word(), flush=True)
try: ctypes.CDLL("%s")
except OSError as error: print("failed to map" in str(error))
]]):format(GOOD, BAD) }, { args = {} })
    assert.equal("1\nTrue\n", result.out, result.err)
    assert.truthy(result.err:find('denied loading as code "' .. BAD, 1, true), result.err)
    assert.truthy(result.err:find('to allow it: allow.map "' .. BAD, 1, true), result.err)
  end)

  attack.each(it, "dlopen(3), in threads and between vfork(2) and exit(2), too", function(who)
    local map = live.program "map"
    local script = ("for l in %s %s; do %s load $l; %s vfork $l; %s threads $l 12; done")
      :format(GOOD, BAD, map, map, map)
    assert.equal("1\n1\n144\n-1\n-1\n-144\n", run(who, POLICY, script).out)
    assert.equal(66, run(who, nil, { map, "load", BAD }).status)
  end)

  attack.each(it, "LD_PRELOAD of a library", function(who)
    local script = "LD_PRELOAD=%s /usr/bin/true; echo $?"
    assert.equal("66\n", run(who, nil, script:format(BAD)).out)
    local result = run(who, POLICY, script:format(BAD))
    assert.equal("0\n", result.out, result.err)
    assert.truthy(result.err:find("cannot be preloaded", 1, true), result.err)
    result = run(who, POLICY, script:format(GOOD))
    assert.equal("0\n", result.out .. result.err)
  end)

  attack.each(it, "a program that the dynamic loader is to run", function(who)
    local loader = live.run { command = "echo /lib*/ld-linux-*.so.*" }.out:match("%S+")
    if loader:find("*", 1, true) then return pending("needs /lib*/ld-linux-*.so.*") end
    local script = ("%s %s 2>&1 </dev/null; %s /bin/echo allowed"):format(loader, live.program "attack_status", loader)
    local result = run(who, POLICY, script)
    assert.truthy(result.out:find("failed to map segment from shared object\nallowed\n$"), result.out)
    local unjudged = run(who, (POLICY:gsub("allow%.map[^\n]*", "")), script)
    assert.falsy(unjudged.out:find("failed to map", 1, true), unjudged.out)
  end)

  attack.each(it, "memory without a file is judged as /", function(who)
    local words = "anonymous mprotect pkey memfd"
    local function all(answer) return (words .. " "):gsub("(%S+) ", "%1 " .. answer .. "\n") end
    assert.equal(all "ok", attempts(who, nil, words))
    assert.equal(all "EPERM", attempts(who, POLICY, words))
    assert.equal(all "ok", attempts(who, WITH_MEMORY, words))
    local shown = run(who, POLICY, { live.program "map", "mprotect" }, { args = {} }).err
    assert.truthy(shown:find('denied loading as code "/" (memory without a file) by map', 1, true), shown)
    assert.truthy(shown:find('to allow it: allow.map "/"\n', 1, true), shown)
  end)

  attack.each(it, "so is a file that is written as well, or has no name, and one that is code only later", function(who)
    local words = "file copied shared later removed"
    local file, policy = own_file(who, POLICY)
    assert.equal("file ok\ncopied EPERM\nshared EPERM\nlater EPERM\nremoved EPERM\n", attempts(who, policy, words, file))
    file, policy = own_file(who, WITH_MEMORY)
    assert.equal("file ok\ncopied ok\nshared ok\nlater ok\nremoved ok\n", attempts(who, policy, words, file))
    assert.equal("file EPERM\n", attempts(who, POLICY, "file", BAD))
    assert.equal("file EPERM\n", attempts(who, POLICY, "file", "/dev/zero"))
    assert.equal("file ok\n", attempts(who, WITH_MEMORY, "file", "/dev/zero"))
  end)

  attack.each(it, "what fails natively fails alike", function(who)
    for file, said in pairs { ["/dev/null"] = "ENODEV", ["/tmp"] = "ENODEV", ["/dev/zero"] = "ok" } do
      assert.equal("file " .. said .. "\nclosed EBADF\n", attempts(who, nil, "file closed", file))
      assert.equal("file " .. said .. "\nclosed EBADF\n", attempts(who, WITH_MEMORY, "file closed", file))
    end
  end)

  attack.each(it, "shared memory and READ_IMPLIES_EXEC are refused whatever is allowed", function(who)
    local words = "shm personality personality-asked personality-other"
    local opened = 'allow.syscall "@ipc"\n'
    assert.equal("shm ok\npersonality ok\npersonality-asked ok\npersonality-other ok\n", attempts(who, nil, words))
    for _, policy in ipairs { POLICY, WITH_MEMORY } do
      assert.equal("shm EPERM\npersonality EPERM\npersonality-asked ok\npersonality-other ok\n",
        attempts(who, policy .. opened, words))
    end
    local result = run(who, WITH_MEMORY, "setarch -R echo random; setarch -X echo all", { args = {} })
    assert.equal("random\n", result.out)
    assert.truthy(result.err:find("with READ_IMPLIES_EXEC no rule for map would hold", 1, true), result.err)
  end)

  for name, command in pairs { node = "node -e 'console.log([1, 2, 3].map(x => x * 2).join())'",
    java = "java -Xshare:auto -version 2>&1 | grep -c openjdk" } do
    attack.each(it, name .. " needs memory that is code", function(who)
      if not installed(name) then return pending("needs " .. name) end
      local native = run(who, nil, command)
      assert.equal(0, native.status, native.err)
      assert.equal(native.out, run(who, WITH_MEMORY, command).out)
      local refused = run(who, POLICY, command)
      assert.not_equal(native.out, refused.out)
    end)
  end

  attack.each(it, "ordinary programs notice nothing", function(who)
    local work = {
      bash = "for i in 1 2 3; do (echo $i; seq 20 | sort -r | awk '{ s += $1 } END { print s }') & wait; done; date -d @0 -u",
      git = "git init -q r && cd r && echo a >a && git add a && git -c user.name=s -c user.email=s@e commit -qm one && git log --format=%s",
      gcc = "echo 'int main(void) { return 7; }' >m.c && gcc -O2 -o m m.c; nm m | grep -c main; ./m; echo $?",
      perl = "perl -MPOSIX -MData::Dumper -MSocket -e 'print floor(2.5), Dumper({ a => 1 }), AF_UNIX'",
    }
    for name, script in pairs(work) do
      if installed(name) then
        local function once(policy)
          local root = live.directory()
          attack.shell("mkdir -m 777 " .. root .. "/w", who)
          return live.run { as = who, policy = policy, args = { "-q" }, command = { "bash", "-c", script },
            cwd = root .. "/w", timeout = 60, env = { PATH = PATH, HOME = root, LC_ALL = "C" } }
        end
        compare.results(once(nil), once 'allow.read "/**" allow.write "/**" allow.exec { "/usr/**", "/tmp/**" } allow.map { "/usr/**", "/lib/**", "/" }')
      end
    end
  end)

  for _, race in ipairs { "race", "race-mapping" } do
    attack.each(it, "another thread exchanges the descriptor: " .. race, function(who)
      local tried = math.ceil(300 / tonumber(os.getenv "MOONGATE_SPARSE" or "1"))
      local function tally(policy)
        local result = run(who, policy, { live.program "map", race, GOOD, BAD, tostring(tried) })
        local numbers = {}
        for name, number in result.out:gmatch("(%a+)=(%d+)") do numbers[name] = tonumber(number) end
        assert(numbers.forbidden, result.out .. result.err)
        return numbers
      end
      local numbers = tally(POLICY)
      assert.equal(0, numbers.forbidden + numbers.hung)
      assert.truthy(numbers.allowed > 0 and numbers.refused + numbers.killed > 0, "no race took place")
      if tried == 300 then
        assert.truthy(tally(nil).forbidden > 0, "the race is never won natively")
        assert.truthy(race == "race" or numbers.killed > 0, "nothing came as late as the second look")
      end
    end)
  end

  attack.each(it, "on.map is asked, and told what the others are told", function(who)
    local handler = [[default.allow()
function on.map(call)
  if call:under("DIRECTORY") or call.path == "/" then
    print(("%s %s %s %s %s %s %s"):format(call.op, call.syscall, call.path, call.given, call.exe, tostring(call.access),
      tostring(call.missing)))
  end
  if call.path == "/" then return deny("ENOMEM", "no memory") end
  if call.path == "GOOD" then return redirect("/x") end
  if call.path == "BAD" then return kill("enough") end
  if call:under("DIRECTORY") then return value(0) end
end]]
    handler = handler:gsub("%u%u%u+", { DIRECTORY = live.build .. "/spec/programs", GOOD = GOOD, BAD = BAD })
    local map = live.program "map"
    local result = run(who, handler, ("M=%s; $M mprotect; $M file %s; $M file $M; $M file %s; echo $?"):format(map, GOOD, BAD),
      { args = {} })
    assert.equal("mprotect ENOMEM\nfile EPERM\nfile ok\n137\n", result.out, result.err)
    assert.truthy(result.err:find("map mprotect / / " .. map .. " map nil", 1, true), result.err)
    assert.truthy(result.err:find(("map mmap %s %s %s map nil"):format(GOOD, GOOD, map), 1, true), result.err)
    assert.truthy(result.err:find("code can be allowed or refused, not replaced", 1, true), result.err)
    assert.truthy(result.err:find("killed (%S+:2: its handler refused: enough)"), result.err)
  end)

  -- What is looked at later is not what the handler was asked about: only the process is the same.
  attack.each(it, "memory that on.map allowed to some stays theirs, whatever it says of the next library", function(who)
    local policy = [[default.allow()
function on.map(call)
  if call.path ~= "/" then return allow() end
  return call.syscall == "CALL" and allow() or deny("EACCES")
end]]
    for call, flags in pairs { mprotect = 3, mmap = 7 } do
      for _, sharing in ipairs { 1, 2 } do
        local result = run(who, policy:gsub("CALL", call), { "/usr/bin/python3", "-c", [[
import ctypes, os, sys
flags, sharing = map(int, sys.argv[1:])
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
def library():
    ctypes.CDLL("libm.so.6")
    print("loaded", flush=True)
memory = libc.mmap(None, 4096, flags, sharing | 0x20, -1, 0)
if flags == 3: print(libc.mprotect(ctypes.c_void_p(memory), 4096, 5))
child = os.fork()
if child == 0:
    library()
    os._exit(0)
print(os.waitpid(child, 0)[1])
library()]], tostring(flags), tostring(sharing) })
        assert.equal((call == "mprotect" and "0\n" or "") .. "loaded\n0\nloaded\n", result.out, result.err)
      end
    end
  end)

  attack.each(it, "threads that map memory and libraries at the same time are none the worse", function(who)
    local result = run(who, "default.allow()\nfunction on.map(call) return allow() end", { "/usr/bin/python3", "-c", [[
import ctypes, os, sys, threading
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
library = os.open(sys.argv[1], os.O_RDONLY)
def map_often(fd, flags):
    for _ in range(300):
        memory = libc.mmap(None, 4096, 5, flags, fd, 0)
        libc.munmap(ctypes.c_void_p(memory), 4096)
threads = [threading.Thread(target=map_often, args=how) for how in ((-1, 0x21), (library, 2), (-1, 0x21))]
for thread in threads: thread.start()
for thread in threads: thread.join()
print("done")]], GOOD })
    assert.equal("done\n", result.out, result.err)
  end)

  -- The file is in the list of mappings long before the call that maps it comes back.
  it("nor are those that map while another library is still being read", function()
    if not live.is_root() then return pending("only root mounts") end
    local result = live.run { private = true, timeout = 60, command = { "sh", "-c", [[
      mknod /dev/fuse c 10 229 && : 2>/dev/null </dev/fuse || { echo no FUSE; exit; }
      mkdir back mount && echo >back/slowest && echo >back/other
      "$2" back mount & for i in $(seq 100); do mountpoint -q mount && break; sleep 0.05; done
      echo "allow.read '/**' allow.exec '/usr/**' allow.map { '/usr/**', '$PWD/mount/*' }" >policy.lua
      "$1" run -q -p policy.lua -- /usr/bin/python3 -c '
import ctypes, os, threading, time
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
def load(name, flags):
    return libc.mmap(None, ctypes.c_size_t(1), 5, 2 | flags, os.open("mount/" + name, os.O_RDONLY), ctypes.c_long(0))
thread = threading.Thread(target=load, args=("slowest", 0x8000))
thread.start()
time.sleep(0.1)
print(load("other", 0) not in (None, 2 ** 64 - 1), thread.is_alive())
thread.join()'
      umount mount; wait]], "sh", live.binary, live.program("slow_fs") } }
    if result.out == "no FUSE\n" then return pending("the kernel has no FUSE") end
    assert.equal("True True\n", result.out, result.err)
  end)

  it("a handler that fails refuses", function()
    local policy = "default.allow()\nfunction on.map(call) if call.path == '/' then return content('x') end end"
    assert.equal("mprotect EPERM\n", attempts(nil, policy, "mprotect"))
    policy = "default.allow()\nfunction on.map(call) if call.path == '/' then return call.nothing end end"
    assert.equal("mprotect EPERM\n", attempts(nil, policy, "mprotect"))
  end)

  it("deny.map alone refuses what it names", function()
    local policy = POLICY:gsub("allow%.map[^\n]*", "") .. ("deny.map { %q, errno = 'EACCES' }\n"):format(BAD)
    assert.equal("file EACCES\nmprotect ok\n", attempts(nil, policy, "file mprotect", BAD))
    assert.equal("file ok\n", attempts(nil, policy, "file", GOOD))
  end)

  -- It could not be verified, nor what its program begins with.
  it("is not loaded by a process that is being traced: it is not even started", function()
    if not installed "strace" then return pending("needs strace") end
    local policy = "allow.syscall '@debug' allow.read '/**' allow.write '/**' allow.exec '/**'\n" ..
      "deny.map '/moongate-never'"
    local result = run(nil, policy, "strace -f -o /dev/null /usr/bin/true; echo $?", { args = {} })
    assert.truthy(result.err:find("a program can't be started by a process that is being traced", 1, true), result.err)
    assert.falsy(result.out == "0\n", result.out)
  end)

  it("is in the log, and only where the policy asks", function()
    local log = live.directory() .. "/log"
    local quiet = POLICY:gsub("allow%.map[^\n]*", "")
    run(nil, quiet, { live.program "map", "mprotect" }, { args = { "-q", "--log", log } })
    assert.falsy(live.read_file(log):find('"mmap"', 1, true))
    run(nil, POLICY, { live.program "map", "mprotect" }, { args = { "-q", "--log", log } })
    local text = live.read_file(log)
    assert.truthy(text:find('"syscall":"mmap","path":"/[^"]*libc[^"]*","rights":%["map"%],"verdict":"allow"'), text)
    assert.truthy(text:find('"syscall":"mprotect","path":"/","rights":["map"],"verdict":"deny","errno":"EPERM"', 1, true), text)
  end)
end)
