-- Hides what gives access to other things: keys, tokens, passwords, histories.
--
-- What is hidden is not there: every call says ENOENT, listings leave it out, and nothing can be made
-- in its place (a key that is planted is as bad as one that is stolen: ~/.ssh/authorized_keys). That
-- beats every allow, so this can be used in any order with policies that allow a lot. It has a price:
-- every stat and every listing is looked at.

-- Below a home directory.
local PRIVATE = {
  ".ssh/**", ".gnupg/**", ".pki/**", ".password-store/**", ".local/share/keyrings/**",
  ".aws/**", ".azure/**", ".config/gcloud/**", ".kube/**", ".docker/**", ".config/containers/**",
  ".config/gh/**", ".config/hub", ".config/glab-cli/**", ".git-credentials",
  ".config/git/credentials", ".netrc", ".authinfo*", ".pgpass", ".my.cnf", ".mylogin.cnf",
  ".pypirc", ".npmrc", ".yarnrc.yml", ".cargo/credentials*", ".gem/credentials",
  ".terraform.d/credentials*", ".vault-token", ".config/op/**", ".config/rclone/**",
  ".config/sops/**", ".mozilla/**", ".thunderbird/**", ".config/google-chrome/**",
  ".config/chromium/**", ".config/BraveSoftware/**", ".config/Signal/**",
  ".bash_history", ".zsh_history", ".python_history", ".node_repl_history", ".psql_history",
  ".mysql_history", ".sqlite_history", ".local/share/fish/fish_history",
}

local homes = { "/root", "/home/*" }
if env.HOME and env.HOME ~= "/" then
  homes[#homes + 1] = env.HOME
end

local hidden = { why = "keys, tokens and histories are hidden" }
for _, home in ipairs(homes) do
  for _, name in ipairs(PRIVATE) do
    hidden[#hidden + 1] = home .. "/" .. name
  end
end
hide(hidden)

-- The machine's own.
hide {
  "/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-", "/etc/security/opasswd",
  "/etc/sudoers", "/etc/sudoers.d/**", "/etc/ssh/ssh_host_*", "/etc/ssl/private/**",
  "/etc/pki/tls/private/**", "/etc/krb5.keytab", "/etc/wireguard/**", "/etc/openvpn/**",
  "/etc/ppp/*-secrets", "/etc/NetworkManager/system-connections/**", "/etc/kubernetes/**",
  "/etc/rancher/**", "/var/lib/sss/**", "/var/lib/kubelet/**", "/run/secrets/**",
  why = "the machine's keys and passwords are hidden",
}

-- The environment and memory of other processes hold keys as well.
deny.read {
  "/proc/*/environ", "/proc/*/mem", "/proc/*/task/*/environ", "/proc/*/task/*/mem", "/proc/kcore",
  why = "other processes' environment and memory may hold keys",
}
