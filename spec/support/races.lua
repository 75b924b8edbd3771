-- Calls that race against what they name, for every family; what the race specs share.
local assert = require "luassert"
local attack = require "attack"
local live = require "live"

local races = {}

races.families = {
  looking = "stat lstat newfstatat statx access faccessat2 readlink readlinkat getxattr listxattr " ..
    "name_to_handle_at file_getattr",
  ["looking, following"] = "stat newfstatat statx access faccessat2 getxattr getxattrat listxattr " ..
    "name_to_handle_at_follow file_getattr",
  standing = "chdir inotify",
  opening = "openat openat2 openat_path openat_over creat_over",
  ["changing, following"] = "chmod fchmodat2 chown fchownat utimensat truncate setxattr removexattr " ..
    "file_setattr",
  changing = "chmod fchmodat2 lchown fchownat utimensat truncate setxattr removexattr file_setattr",
  removing = "unlink unlinkat_directory rename renameat2 exchange exchange_back link linkat_follow",
  few = "stat chmod rename link unlink",
  some = "stat readlink getxattr chmod rename link unlink setxattr rename_to mkdirat",
  making = "mkdirat mknodat symlinkat link_to rename_to renameat_over openat_create",
}

--- ROOT/shut, which is protected; ROOT/open, in which links lead there.
local function ground(who)
  local root = live.directory()
  attack.shell("cd " .. root .. [[ && umask 0 && mkdir open shut spare open/real open/deep
for x in open shut open/real; do mkdir $x/inner $x/empty; done
echo SECRET >shut/data; chmod 777 shut/data; ln -s SECRET shut/link
echo innocent >open/file; chmod 666 open/file
setfattr -n user.x -v SECRET shut/data; setfattr -n user.secret -v SECRET shut/data; chattr +d shut/data
setfattr -n user.x -v innocent open/file
ln -s ../shut open/link; ln -s ../shut/data open/alias; ln -s ../shut/inner open/round]], who)
  live.write_file(root .. "/policy.lua", ([[
allow.syscall { "@file-change", "@debug" }
allow.exec { "/usr/**", "BUILD/**" }
allow.read "/**"
allow.write { "ROOT/open/**", "ROOT/spare/**" }
deny.read "ROOT/shut/**"
deny.write "ROOT/shut/**"
deny.stat "ROOT/shut/**"
]]):gsub("ROOT", root):gsub("BUILD", live.build))
  return root
end

local function picture(root)
  return attack.shell(("cd %s/shut && find . -printf '%%p %%i %%y%%m %%U:%%G %%s %%n %%T@ %%C@ %%l\n' | " ..
    "sort && cat data && getfattr -h -d -m - -R . | sort"):format(root))
end

local SCRIPT = [[
cd ROOT && exec 7<GOOD && secret=$(stat -c %i shut/data) && OUTSIDE
while sleep 0.02; do cat shut/data shut/inner; ls shut; done >/dev/null 2>&1 & all="$all $!"
BINARY run -q -p policy.lua -- PROGRAM METHOD GOOD_PATH PATH $secret spare NAMES CALLS
status=$?; kill $all; exit $status]]

--- Nothing must come of the race. options: method, path, good: the directory of what may be used,
--- good_path, swap: two names that somebody outside exchanges, names: two that a thread exchanges.
function races.run(who, options, family)
  local root = ground(who)
  local before = picture(root)
  local program = live.program("attack_racing")
  local result = live.run { as = who, timeout = 90, command = (SCRIPT:gsub("%u[%u_]+", {
    ROOT = root, GOOD = options.good, GOOD_PATH = options.good_path or "/proc/self/fd/7/#",
    PATH = options.path,
    OUTSIDE = options.swap and ("{ %s swap %s & all=$!; }"):format(program, options.swap) or ":",
    BINARY = live.binary, PROGRAM = program, METHOD = options.method,
    NAMES = options.names or "", CALLS = races.families[family],
  })) }
  assert.equal(0, result.status, result.err .. result.out)
  local calls = 0
  for name, done, refused, failed, shown in result.out:gmatch(
    "(%S+) opened=(%d+) refused=(%d+) failed=(%d+) leaked=(%d+)\n") do
    calls = calls + 1
    assert.equal("0", shown, name .. " showed it")
    local both = done + failed > 0 and refused + 0 > 0
    assert(both or name:find("access"), name .. ": no race took place: " .. result.out)
  end
  local _, wanted = races.families[family]:gsub("%S+", "")
  assert.equal(wanted, calls, result.out .. result.err)
  assert.equal(before, picture(root))
end

return races
