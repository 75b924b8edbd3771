-- What programs ask the kernel about themselves and the machine.
--
-- /proc/self is a link: a rule sees /proc/1234/status. A `*` there means any process, so the
-- files that give other programs away (environ, mem, …) are left out on purpose.
allow.read {
  "/proc", "/proc/*", "/proc/*/task", "/proc/*/task/*", "/proc/*/fd", "/proc/*/fdinfo",
  "/proc/*/attr", "/proc/*/net",
}
for _, name in ipairs {
  "cgroup", "cmdline", "comm", "limits", "loginuid", "maps", "mountinfo", "mounts",
  "oom_score_adj", "sessionid", "smaps_rollup", "stat", "statm", "status",
} do
  allow.read { "/proc/*/" .. name, "/proc/*/task/*/" .. name }
end

-- `comm` is how a thread names itself.
allow.modify { "/proc/*/comm", "/proc/*/task/*/comm" }

allow.read { "/proc/sys/**" }

-- Processors, memory pages, control groups: thread pools and allocators size themselves by them.
allow.read {
  "/sys/devices/system/cpu/**", "/sys/devices/system/node/**",
  "/sys/kernel/mm/transparent_hugepage/**", "/sys/fs/cgroup/**",
}

-- The kernel's memory is nobody's business, root's neither.
deny.read { "/proc/kcore", "/proc/kmsg", "/proc/kpage*", why = "the kernel's own memory" }
