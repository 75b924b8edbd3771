--- The same program, natively and supervised: its output, its status and the tree that it leaves must
--- be the same.
local live = require "live"
local compare = require "compare"

local same_tree = {}

local path = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"

--- Who runs the programs.
same_tree.identities = live.is_root() and { "user", "root" } or { "user" }

function same_tree.installed(program)
  return os.execute("PATH=" .. path .. " command -v " .. program .. " >/dev/null")
end

-- Everything about every file that the same work makes the same: no inode numbers, and of the times
-- only those that were set. By descriptors, since paths may be longer than the kernel takes.
local digest = [[
import hashlib, os, stat, sys
since, until = int(sys.argv[1]) * 10**9, int(sys.argv[2]) * 10**9
types = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "link", stat.S_IFIFO: "fifo",
         stat.S_IFSOCK: "socket", stat.S_IFCHR: "character", stat.S_IFBLK: "block"}
seen = {}
def time(at):
    return "now" if since <= at <= until else "%d.%09d" % divmod(at, 10**9)
def enter(name, directory, flags):
    try: return os.open(name, flags, dir_fd=directory)
    except PermissionError: return None # only root sees everything
def look(directory, name, path):
    try: status = os.stat(name, dir_fd=directory, follow_symlinks=False)
    except PermissionError: return print(ascii(path), "closed")
    words = [ascii(path), types[stat.S_IFMT(status.st_mode)], "%04o" % stat.S_IMODE(status.st_mode),
             "%d:%d" % (status.st_uid, status.st_gid), "links", status.st_nlink,
             "changed", time(status.st_mtime_ns)]
    if stat.S_ISREG(status.st_mode):
        words += ["read", time(status.st_atime_ns), "size", status.st_size]
        if status.st_size > 1 << 17 and status.st_blocks * 512 < status.st_size / 2:
            words.append("sparse")
    if stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode):
        words.append("%d:%d" % (os.major(status.st_rdev), os.minor(status.st_rdev)))
    os.fchdir(directory)
    for attribute in sorted(os.listxattr(name, follow_symlinks=False)):
        try: value = os.getxattr(name, attribute, follow_symlinks=False)
        except PermissionError: value = "closed"
        words.append("%s=%r" % (attribute, value))
    if stat.S_ISLNK(status.st_mode):
        words.append("-> " + ascii(os.readlink(name, dir_fd=directory)))
    elif not stat.S_ISDIR(status.st_mode) and status.st_nlink > 1:
        words.append("is " + ascii(seen.setdefault(status.st_ino, path)))
    if stat.S_ISREG(status.st_mode) and seen.get(status.st_ino, path) == path:
        content = enter(name, directory, os.O_RDONLY)
        words.append("closed" if content is None else
            hashlib.sha256(open(content, "rb").read()).hexdigest())
    print(*words)
    if stat.S_ISDIR(status.st_mode):
        inner = enter(name, directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        if inner is None: return
        for entry in sorted(os.listdir(inner)):
            look(inner, entry, path + "/" + entry)
        os.close(inner)
look(os.open(".", os.O_RDONLY), ".", ".")
]]

-- One place for both runs, since programs write down where they are.
local places = {}

local function once(text, as, policy, timeout)
  local place = places[as] or live.directory()
  places[as] = place
  os.execute("rm -rf " .. live.quote(place) .. "/* && mkdir -m 777 " .. live.quote(place .. "/work"))
  local work = place .. "/work"
  local began = os.time()
  local result = live.run {
    command = { "bash", "-c", text }, as = as, cwd = work, policy = policy, args = { "-q" },
    timeout = timeout, env = {
      PATH = path, HOME = work, TMPDIR = "/tmp", LC_ALL = "C", USER = "someone", TERM = "xterm", TZ = "UTC0",
      GIT_AUTHOR_DATE = "2024-01-01T00:00:00Z", GIT_COMMITTER_DATE = "2024-01-01T00:00:00Z",
      GIT_CONFIG_NOSYSTEM = "1", EMAIL = "someone@example.org", GIT_TERMINAL_PROMPT = "0",
      PYTHONDONTWRITEBYTECODE = "1",
    },
  }
  local seen = live.run { cwd = work, env = { PATH = path }, timeout = 100,
    command = { "python3", "-c", digest, tostring(began - 2), tostring(os.time() + 2) } }
  assert(seen.status == 0, seen.err)
  result.tree = seen.out
  result.seconds = os.time() - began
  return result
end

--- Runs a bash script (it must say something) natively and supervised, compares, and returns the
--- native result.
function same_tree.same(text, as)
  local timeout = 200
  local native = once(text, as, nil, timeout)
  assert(native.status ~= 124, "natively it takes too long")
  assert(native.status == 0, "natively it fails: " .. native.out .. native.err)
  assert(#native.out > 0, "it says nothing, so it proves nothing")
  local policy = live.permissive
  if os.getenv("MOONGATE_NATIVE_TWICE") then policy = nil end -- is the program itself the same twice?
  local supervised = once(text, as, policy, timeout)
  assert(supervised.status ~= 124, "supervised it hangs: " .. supervised.out .. supervised.err)
  compare.results(native, supervised)
  compare.lines(native.tree, supervised.tree, "tree")
  if os.getenv("MOONGATE_SPEC_TIMES") then
    io.stderr:write(("%s: natively %d s, supervised %d s\n"):format(as, native.seconds, supervised.seconds))
  end
  return native
end

--- For teardown.
function same_tree.cleanup()
  places = {}
  live.cleanup()
end

return same_tree
