-- The classic of this mechanism (seccomp_unotify(2) has it in C): a supervisor that looks at
-- mkdir alone. Directories in /tmp are made, relative names are left alone, everything else is
-- refused with EOPNOTSUPP.
--
--     moongate run -p mkdir -- sh -c 'mkdir /tmp/x; mkdir y; mkdir /srv/z'
default.allow() -- whatever else the program does

function on.mkdir(call)
  -- `given` is what the program wrote, `path` what it comes to: /tmp/../srv/z is not in /tmp.
  if call.given:sub(1, 1) ~= "/" then
    return allow()
  end
  if call:under("/tmp") then
    return allow()
  end
  return deny("EOPNOTSUPP", "directories are made in /tmp only")
end

-- Calls that no rule judges yet are refused unless they are named.
allow.syscall { "@file-ioctl", "@network" }
