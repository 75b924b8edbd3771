-- Everything is permitted, and judged call by call: a deny keeps the kernel from deciding alone.
allow.read  { "/**" }
allow.write { "/**" }
allow.exec  { "/**" }
deny.read   { "/moongate-never" }
deny.write  { "/moongate-never" }
allow.syscall { "@file-change", "@network", "@keyring", "@time", "@admin", "@perf", "@ipc" }
