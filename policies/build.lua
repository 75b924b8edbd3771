-- Compile a source tree: the toolchain can be read and run, the tree can be written, there is no
-- network and nothing of the home directory.
--
--     moongate run -p build -- make -j4
--     moongate run -p build -D workdir=/src/project -- ./configure
params {
  workdir = path { default = cwd, help = "the tree being built" },
}

use "base/loader" -- shared libraries, locale, /dev/null …
use "base/proc"   -- /proc/self/…, number of processors
use "base/system" -- /etc/passwd, terminfo …
use "base/tmp"    -- compilers keep intermediate files there

-- The toolchain, its headers and libraries. Listing a directory is reading it.
allow.read { "/", "/usr/**", "/bin/**", "/sbin/**", "/opt/**", "/etc/alternatives/**" }

-- The tree: builds create, rename, link and remove files all over it, and change their modes and
-- times. (A hard link needs both rights at the old name.)
allow.read { args.workdir .. "/**" }
allow.write { args.workdir .. "/**" }

-- Programs: what is installed, and what the build makes itself (configure tests, generators).
-- They stay under this policy, and a set-user-id bit has no effect.
allow.exec { "/usr/**", "/bin/*", "/sbin/*", "/opt/**", args.workdir .. "/**" }
allow.exec { (env.TMPDIR or "/tmp") .. "/**" } -- configure scripts try programs out there

-- A build that asks git for its version needs the user's settings, not the passwords among them.
if env.HOME then
  allow.read {
    env.HOME .. "/.gitconfig", env.HOME .. "/.config/git/**",
    except = env.HOME .. "/.config/git/credentials",
  }
end

-- The repository's history and hooks are not a build's business: git runs hooks, later, outside.
-- (git status refreshes the index: it writes a lock and renames it.)
deny.write {
  args.workdir .. "/.git/**",
  except = { args.workdir .. "/.git/index", args.workdir .. "/.git/index.lock" },
  why = "a build does not change the repository",
}
