-- Let an agent, a package's scripts or a plug-in work in one directory: the system can be read
-- and its programs run, the directory can be written, keys and passwords are hidden.
--
--     moongate run -p workspace -- ./install.sh
--     moongate run -p workspace -D network=on -- env npm_config_cache=/tmp/npm npm ci
--     moongate run -p workspace -D dir="$HOME/project" -D network=on -- agent
--
-- What is written there you may run yourself, later, without Moongate: look at it first.
params {
  dir     = path { default = cwd, help = "the directory that can be written" },
  network = flag { default = false, help = "allow sockets of every usual kind" },
}

use "base/devices"
use "base/secrets" -- hides: that beats the allows below
use "base/tmp"

-- The system. Devices only through base/devices: a disk holds more than its files.
allow.read { "/**", except = "/dev/**" }
allow.read { "/dev" }

-- Programs stay under this policy, whatever they are, and a set-user-id bit has no effect.
allow.exec { "/**" }

-- Create, remove, rename, link, chmod … are all judged by this.
allow.write { args.dir .. "/**" }
allow.modify { "/proc/*/comm", "/proc/*/task/*/comm" } -- how a thread names itself

-- With the home directory itself as the workspace: what runs at the next login is not written.
if env.HOME then
  local startup = { why = "this runs at your next login, outside" }
  for _, name in ipairs {
    ".bashrc", ".bash_profile", ".bash_login", ".bash_logout", ".bash_aliases", ".profile",
    ".zshrc", ".zshenv", ".zprofile", ".zlogin", ".xprofile", ".xsession", ".xinitrc",
    ".config/autostart/**", ".config/systemd/**", ".config/fish/**", ".config/environment.d/**",
    ".local/bin/**", "bin/**", ".gitconfig", ".config/git/**", ".vimrc", ".vim/**",
    ".config/nvim/**", ".emacs", ".emacs.d/**", ".config/moongate/**",
  } do
    startup[#startup + 1] = env.HOME .. "/" .. name
  end
  deny.write(startup)
end

if args.network then
  allow.syscall "@network"
end
