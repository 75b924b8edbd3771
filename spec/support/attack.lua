--- What the attack specs share: a ground with something to protect, and its policy.
local live = require "live"

local attack = {}

--- Who attacks: the supervisor's powers differ.
attack.identities = live.is_root() and { "root", "user" } or { "user" }

--- Content that no other file has.
attack.secret = "SECRET-5b1c"

--- Runs a shell command as an identity, for setting up and looking around; returns what it printed.
function attack.shell(command, who)
  local result = live.run { command = command, as = who }
  assert(result.status == 0, command .. ": " .. result.err)
  return result.out
end

--- A directory with `open/` (readable, writable) and `shut/` (neither, for who obeys the policy;
--- the kernel itself would permit both). Returns its path and the policy's text.
function attack.ground(who, more)
  local root = live.directory()
  attack.shell(([[
cd %s && mkdir -m 777 open shut shut/inner && echo %s >shut/data && echo %s >shut/inner/data &&
echo innocent >open/data && chmod 666 shut/data shut/inner/data open/data
]]):format(root, attack.secret, attack.secret), who)
  return root, ([[
allow.read "/**"
allow.write { "ROOT/open/**", "/dev/null" }
allow.exec "/**"
deny.read "ROOT/shut/**"
deny.write "ROOT/shut/**"
]]):gsub("ROOT", root) .. (more or "")
end

--- Runs a shell script (`script`) under `policy`, where $S is the supervisor's pid and $G the guard's,
--- and the spec's programs are in PATH. The supervisor has HIDDEN in its environment, the target not.
function attack.supervised(options)
  local root = live.directory()
  attack.shell("chmod 777 " .. root)
  live.write_file(root .. "/policy.lua", options.policy)
  live.write_file(root .. "/script.sh", options.script)
  local outer = ([[
cd ROOT && echo "S=$$" >pids
sleep 60 & echo "O=$!" >>pids
(while :; do
  g=$(for p in $(cat /proc/$$/task/$$/children); do
    [ "$(cat /proc/$p/comm)" = moongate-guard ] && echo $p; done)
  [ -n "$g" ] && break; sleep 0.02
done; echo "G=$g" >>pids; echo ready >ready) >/dev/null 2>&1 &
exec env HIDDEN=SECRET-environ BINARY run OPTIONS -q -p policy.lua -- env -u HIDDEN sh -c '
  while [ ! -e ready ]; do sleep 0.02; done; . ./pids; PATH=PROGRAMS:$PATH; . ./script.sh'
]]):gsub("ROOT", root):gsub("BINARY", live.binary):gsub("OPTIONS", options.options or "")
    :gsub("PROGRAMS", live.build .. "/spec/programs")
  return live.run { command = outer, as = options.as, timeout = options.timeout }, root
end

--- attack_open's lines.
function attack.lines(result)
  local lines = {}
  for line in result.out:gmatch("([^\n]*)\n") do lines[#lines + 1] = line end
  return lines
end

--- The numbers that a racing program printed.
function attack.tally(result)
  local numbers = {}
  for name, number in result.out:gmatch("(%a+)=(%d+)") do numbers[name] = tonumber(number) end
  assert(numbers.opened, "no tally: status " .. tostring(result.status) .. " " .. result.err)
  return numbers
end

--- A race proves something only if both sides of it were seen. Takes and returns its tally.
function attack.raced(numbers)
  assert(numbers.opened > 0 and numbers.refused > 0, "no race took place")
  return numbers
end

--- What nobody may change: the names in `shut` and what is in its files.
function attack.shut(root)
  return attack.shell(("cd %s/shut && find . | sort && cat data inner/data"):format(root))
end

--- One `it` for each identity. Of a spec that two builds run, each build makes every case by one of
--- them, and the other build by the other one: MOONGATE_ALTERNATE says who is first.
function attack.each(describe_it, name, body)
  if os.getenv "MOONGATE_ALTERNATE" then return attack.alternate(describe_it, name, body) end
  for _, who in ipairs(attack.identities) do
    describe_it(name .. " (as " .. who .. ")", function() body(who) end)
  end
end

--- One `it`, by one identity after the other: for the many forms of one attack.
local turn = tonumber(os.getenv "MOONGATE_ALTERNATE" or "1") - 1
function attack.alternate(describe_it, name, body)
  turn = turn % #attack.identities + 1
  local who = attack.identities[turn]
  describe_it(name .. " (as " .. who .. ")", function() body(who) end)
end

return attack
