-- The shipped policies on real programs: what they are for works, what they are against does not.
local live = require "live"

local function run(policy, command, options)
  local run_options = { policy = policy, command = command, args = { "-q" } }
  for key, value in pairs(options or {}) do run_options[key] = value end
  return live.run(run_options)
end

-- A directory outside /tmp, where the policies let nothing be written: in a home of its own.
local function home(options)
  local root = live.directory()
  os.execute(("mkdir -p %s/home/.ssh %s/home/project && chmod -R 777 %s"):format(root, root, root))
  live.write_file(root .. "/home/.ssh/id_rsa", "KEY\n")
  options = options or {}
  options.cwd = root .. "/home/project"
  options.env = { HOME = root .. "/home", TMPDIR = root .. "/tmp" }
  os.execute(("mkdir %s/tmp && chmod 777 %s/tmp"):format(root, root))
  return root, options
end

for _, who in ipairs { "root", "user" } do
  describe("as " .. who .. ", the policy #live", function()
    after_each(live.cleanup)

    it("build compiles a program and keeps away from everything else", function()
      local root, options = home { as = who, timeout = 60 }
      live.write_file(root .. "/home/project/main.c", "#include <stdio.h>\nint main(void) "
        .. '{ return puts("built") < 0; }\n')
      live.write_file(root .. "/home/project/Makefile", "main: main.c\n\t$(CC) -o $@ main.c\n")
      os.execute("mkdir -p " .. root .. "/home/project/.git/hooks && chmod -R 777 " .. root)
      local built = run("build", "make CC=gcc && ./main", options)
      assert.equal(0, built.status, built.err)
      assert.truthy(built.out:find("built", 1, true))
      for _, command in ipairs {
        "cat ../.ssh/id_rsa", "echo x > ../outside", "mkdir ../outside", "cat /etc/shadow",
        "echo x > .git/hooks/post-commit", "python3 -c 'import socket; socket.socket()'",
      } do
        local refused = run("build", command, options)
        assert.not_equal(0, refused.status, command)
        assert.falsy(refused.out:find("KEY", 1, true))
      end
      assert.is_nil(io.open(root .. "/home/outside"))
      assert.is_nil(io.open(root .. "/home/project/.git/hooks/post-commit"))
    end)

    it("build lets a tree be changed in every way, and nothing beside it", function()
      local root, options = home { as = who }
      os.execute(("mkdir -p %s/home/project/.git/hooks && chmod -R 777 %s"):format(root, root))
      local changed = run("build", [[
set -e
echo 1 >a.tmp && mv a.tmp a && ln a b && ln -s a c && chmod 755 a && touch -d @1000000000 a
mkdir d && mv d e && mv a e/a && rm b && mkfifo f && truncate -s 5 e/a && cp -a e g && rm -r e
echo index >.git/index.lock && mv .git/index.lock .git/index
mv g $TMPDIR/g && mv $TMPDIR/g h && stat -c '%a %s' h/a && readlink c && cat .git/index
]], options)
      assert.equal("755 5\na\nindex\n", changed.out, changed.err)
      for _, command in ipairs {
        "rm ../.ssh/id_rsa", "mv ../.ssh x", "ln ../.ssh/id_rsa x", "chmod 700 ../.ssh", "mv c ../c",
        "mkdir i && mv i ../i", "ln -s x ../x", "touch -d @1 ../.ssh", "mv .git gone", "ln -s /bin/sh .git/hooks/x",
        "mkdir i && mv i .git/hooks/i", "rm -r .git", "chmod 0 .git", "truncate -s 0 ../.ssh/id_rsa",
        "mkfifo ../f", "cd .. && mv project moved",
      } do
        local refused = run("build", command .. " || { rm -rf i; exit 1; }", options)
        assert.not_equal(0, refused.status, command)
      end
      assert.equal("KEY\n", live.read_file(root .. "/home/.ssh/id_rsa"))
      local left = live.run { command = "cd " .. root .. "/home && ls -A && ls -A project project/.git/hooks" }
      assert.equal(".ssh\nproject\nproject:\n.git\nc\nf\nh\n\nproject/.git/hooks:\n", left.out)
    end)

    it("readonly sees everything and changes nothing outside its scratch directory", function()
      local root, options = home { as = who }
      options.args = { "-q", "-D", "scratch=" .. root .. "/home/project" }
      local result = run("readonly", "find /etc -maxdepth 1 -name host\\* | sort; "
        .. "cat /etc/hostname; echo note > note && cat note", options)
      assert.equal(0, result.status, result.err)
      assert.truthy(result.out:find("/etc/hostname", 1, true))
      assert.truthy(result.out:find("note\n$"))
      for _, command in ipairs {
        "echo x > ../outside", "mkdir ../outside", "echo x >> ../.ssh/id_rsa", "rm ../.ssh/id_rsa",
        "chmod 0 ../.ssh", "mv ../.ssh ../ssh", "dd if=/dev/zero of=../.ssh/id_rsa count=1",
      } do
        assert.not_equal(0, run("readonly", command, options).status, command)
      end
      assert.equal("KEY\n", live.read_file(root .. "/home/.ssh/id_rsa"))
      assert.is_nil(io.open(root .. "/home/outside"))
    end)

    it("workspace lets a program work in one directory, with keys hidden", function()
      local root, options = home { as = who }
      local result = run("workspace", "echo a > a && mkdir b && mv a b/c && cat b/c && "
        .. "python3 -c 'import json, os; print(os.getcwd())' && ls /usr >/dev/null", options)
      assert.equal(0, result.status, result.err)
      assert.equal("a\n" .. root .. "/home/project\n", result.out)
      for _, command in ipairs {
        "cat ../.ssh/id_rsa", "stat ../.ssh", "ls ../.ssh", "cd ../.ssh", "readlink -e ../.ssh/id_rsa",
        "ln ../.ssh/id_rsa x", "rm ../.ssh/id_rsa", "python3 -c 'import os; os.stat(\"../.ssh\")'",
        "mkdir ../.ssh", "mv b ../.ssh", "find ../.ssh",
      } do
        local hidden = run("workspace", command, options)
        assert.not_equal(0, hidden.status, command)
        assert.equal("", hidden.out, command)
        if not command:find("^readlink") and not command:find("^cd") then
          assert.truthy(hidden.err:find("No such file or directory", 1, true), hidden.err)
        end
      end
      local listed = run("workspace", "ls -A ..; find .. -name .ssh; [ ! -e ../.ssh ] && echo none; "
        .. "python3 -c 'import os; print(os.listdir(\"..\"))'", options)
      assert.equal("project\nnone\n['project']\n", listed.out, listed.err)
      for _, command in ipairs {
        "echo x > ../outside", "echo x >> ../.bashrc", "echo x > ../.ssh/authorized_keys",
        "cat /proc/1/environ", "head -c1 /dev/vda", "python3 -c 'import socket; socket.socket()'",
      } do
        assert.not_equal(0, run("workspace", command, options).status, command)
      end
      options.args = { "-q", "-D", "network=on" }
      assert.equal(0, run("workspace", "python3 -c 'import socket; socket.socket()'", options).status)
    end)

    it("mkdir makes directories in /tmp, leaves relative names alone, refuses the rest", function()
      local name = "/tmp/moongate-spec-" .. who .. "-" .. math.random(1 << 40)
      local root, options = home { as = who }
      local result = run("mkdir", ("mkdir %s && rmdir %s && mkdir relative && ls -d relative"):format(
        name, name), options)
      assert.equal("relative\n", result.out, result.err)
      for _, path in ipairs {
        "/usr/moongate", "/tmp/../srv/moongate", root:gsub("^/tmp", "/var/tmp") .. "-x",
      } do
        local refused = run("mkdir", { "mkdir", path }, options)
        assert.truthy(refused.err:find("Operation not supported", 1, true), refused.err)
      end
    end)
  end)
end
