-- See everything, change nothing: for looking around with find, grep, du, or a program that
-- "only reads". One scratch directory can be written.
--
--     moongate run -p readonly -- grep -r needle /etc
--     moongate run -p readonly -D scratch=/tmp/work -- ./report
params {
  scratch = path {
    default = env.TMPDIR or "/tmp",
    help = "the one directory that can be written",
  },
  change = flag {
    default = false,
    help = "also allow ioctls that change inode flags (chattr), which no rule confines to scratch",
  },
}

use "base/devices"

-- Everything but devices: opening one can do things (a watchdog starts, a tape rewinds), and a
-- disk holds more than its files. base/devices has those that are harmless.
allow.read { "/**", except = "/dev/**" }
allow.read { "/dev", "/dev/shm/**" }
allow.exec { "/**" }

-- Create, remove, rename, link, chmod … are all judged by this; nothing is moved in from elsewhere.
allow.write { args.scratch .. "/**" }
allow.modify { "/proc/*/comm", "/proc/*/task/*/comm" } -- how a thread names itself

-- Reading these waits for, or takes away, what somebody else is to get.
deny.read { "/proc/kmsg", "/sys/kernel/debug/**", "/sys/kernel/tracing/**" }

-- Of all changes only these are not judged by the write rule: an ioctl on an open file, wherever that
-- is. As root it also lets device nodes be made in scratch (@device).
if args.change then
  allow.syscall "@file-change"
end
