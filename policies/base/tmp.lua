-- The directories for temporary files, and shared memory.
--
-- Other programs of the same user keep things there, too. Where that matters, make a directory
-- of its own and pass it:  use("base/tmp", { dir = cwd .. "/.tmp" })
params {
  dir = path { default = env.TMPDIR or "/tmp", help = "where temporary files go" },
}

allow.read { args.dir .. "/**", "/var/tmp/**", "/dev/shm/**" }
allow.write { args.dir .. "/**", "/var/tmp/**", "/dev/shm/**" }
