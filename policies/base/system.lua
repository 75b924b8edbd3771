-- The machine's settings that ordinary programs read: names of users and hosts, the shell's and
-- the terminal's set-up, certificates. No passwords, no keys.

-- Who is who, and how names are looked up.
allow.read {
  "/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/hosts", "/etc/host.conf",
  "/etc/hostname", "/etc/resolv.conf", "/run/systemd/resolve/**", "/etc/gai.conf",
  "/etc/services", "/etc/protocols", "/etc/networks", "/etc/rpc", "/etc/shells",
  "/etc/login.defs", "/etc/machine-id",
}

-- Which system this is.
allow.read {
  "/etc/os-release", "/usr/lib/os-release", "/etc/lsb-release", "/etc/debian_version",
  "/etc/issue", "/etc/dpkg/origins/**",
}

-- Shell, terminal, editors.
allow.read {
  "/etc/profile", "/etc/profile.d/**", "/etc/bash.bashrc", "/etc/bash_completion",
  "/etc/bash_completion.d/**", "/etc/environment", "/etc/inputrc", "/etc/terminfo/**",
  "/etc/zsh/**", "/etc/skel/**", "/etc/vim/**", "/etc/nanorc", "/etc/screenrc", "/etc/xdg/**",
  "/etc/magic", "/etc/magic.mime", "/etc/mime.types", "/etc/mailcap", "/etc/papersize",
}

-- Languages and tools; the certificates that https needs (not the private keys).
allow.read {
  "/etc/alternatives/**", "/etc/python*/**", "/etc/perl/**", "/etc/java*/**", "/etc/gitconfig",
  "/etc/mke2fs.conf", "/etc/openssl/**", "/etc/ssl/openssl.cnf", "/etc/ssl/certs/**",
  "/etc/ca-certificates/**", "/etc/ca-certificates.conf", "/etc/fonts/**", "/etc/fstab",
  "/etc/mtab", "/etc/crypto-policies/**", "/etc/pki/tls/**", "/etc/wgetrc", "/etc/host*.conf",
}
