-- Directories of files that are there for one spec.
local lfs = require "lfs"

local files = {}

local function make_parents(path)
  for position in path:gmatch("()/") do
    if position > 1 then
      lfs.mkdir(path:sub(1, position - 1))
    end
  end
end

local function remove(path)
  if lfs.symlinkattributes(path, "mode") == "directory" then
    for name in lfs.dir(path) do
      if name ~= "." and name ~= ".." then
        remove(path .. "/" .. name)
      end
    end
    lfs.rmdir(path)
  else
    os.remove(path)
  end
end

-- Makes a directory with { ["name.lua"] = "text" } in it; returns its path.
function files.make(contents)
  local directory = os.tmpname()
  os.remove(directory)
  lfs.mkdir(directory)
  for name, text in pairs(contents) do
    make_parents(directory .. "/" .. name)
    local file <close> = assert(io.open(directory .. "/" .. name, "w"))
    file:write(text)
  end
  return directory
end

files.remove = remove

-- chmod, with the mode as a string: "o+w".
function files.chmod(path, mode)
  assert(os.execute(("chmod %s '%s'"):format(mode, path)))
end

return files
