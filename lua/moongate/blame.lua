-- Errors that name the line of the policy that made the mistake.
local blame = {}

local DEEPEST = 60 -- frames to look at: recursion may be deep

-- The line of `file` that is being executed, or nil (a tail call leaves none behind).
function blame.line(file)
  for level = 2, DEEPEST do
    local frame = debug.getinfo(level, "Sl")
    if not frame then
      return nil
    end
    if frame.source == "@" .. file and frame.currentline > 0 then
      return frame.currentline
    end
  end
end

-- Raises "file:line: MESSAGE"; the message is a format if arguments follow.
function blame.raise(file, message, ...)
  local line = blame.line(file)
  if select("#", ...) > 0 then
    message = message:format(...)
  end
  error(file .. (line and ":" .. line or "") .. ": " .. message, 0)
end

return blame
