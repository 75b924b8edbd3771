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
