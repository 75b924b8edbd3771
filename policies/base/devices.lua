-- The devices that programs take for granted. Nothing here reaches a disk, memory or a kernel log.

-- The sinks and sources, the terminal that the program was started on, and terminals it makes
-- itself (script, tmux, expect).
allow.read {
  "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom",
  "/dev/tty", "/dev/ptmx", "/dev/pts/**", "/dev/console",
}
allow.modify {
  "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom",
  "/dev/tty", "/dev/ptmx", "/dev/pts/*", "/dev/console",
}

-- "> /dev/null" opens with O_CREAT, and create is judged when the name is not there yet. It
-- always is, so nothing more is needed.

-- Whoever may write to a file may change its mode, too. Not of these: for root that would work, and
-- all the machine would feel it.
local SHARED = {}
for _, name in ipairs { "null", "zero", "full", "random", "urandom", "tty", "ptmx", "console" } do
  SHARED["/dev/" .. name] = true
end

local function leave_alone(call)
  if SHARED[call.path] then
    return deny("EPERM", "a device that everybody uses stays as it is")
  end
end

on.chmod, on.chown, on.setxattr = leave_alone, leave_alone, leave_alone
