-- Errors that name the line of the policy that made the mistake.
local core = ...

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

-- An error in a rule that a policy's own pcall swallowed would be a rule that is silently missing:
-- the loader fails with the first one, whatever became of it.
function blame.note(message)
  if core.is_loading() then
    blame.first = blame.first or message
  end
end

-- Raises "file:line: MESSAGE"; the message is a format if arguments follow.
function blame.raise(file, message, ...)
  local line = blame.line(file)
  if select("#", ...) > 0 then
    message = message:format(...)
  end
  message = file .. (line and ":" .. line or "") .. ": " .. message
  blame.note(message)
  error(message, 0)
end

return blame
