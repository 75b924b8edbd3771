-- "did you mean": the nearest of the words that would have been right.
local suggest = {}

local LONGEST = 40 -- longer words are not typing errors of one of ours

local function min(a, b)
  return a < b and a or b
end

-- Edits between two words: insert, delete, replace a byte, exchange two neighbours.
function suggest.distance(a, b)
  local before, previous, current = {}, {}, {}
  for j = 0, #b do
    previous[j] = j
  end
  for i = 1, #a do
    current[0] = i
    for j = 1, #b do
      local cost = a:byte(i) == b:byte(j) and 0 or 1
      local edits = min(min(previous[j] + 1, current[j - 1] + 1), previous[j - 1] + cost)
      if i > 1 and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j) then
        edits = min(edits, before[j - 2] + 1)
      end
      current[j] = edits
    end
    before, previous, current = previous, current, before
  end
  return previous[#b]
end

local function worst(word)
  local third = #word // 3
  return third > 1 and third or 1
end

local function is_near(word, candidate)
  local difference = #word - #candidate
  return difference <= worst(word) and -difference <= worst(word)
end

-- The nearest candidate (names are the string keys, or the values of a list), or nil.
function suggest.nearest(word, candidates)
  local best, best_distance
  if type(word) ~= "string" or #word > LONGEST then
    return nil
  end
  for key, value in next, candidates do
    local candidate = type(key) == "string" and key or value
    if type(candidate) == "string" and candidate ~= word and is_near(word, candidate) then
      local distance = suggest.distance(word, candidate)
      if distance <= worst(word) and (not best or distance < best_distance
          or distance == best_distance and candidate < best) then
        best, best_distance = candidate, distance
      end
    end
  end
  return best
end

-- " (did you mean 'x'?)", or "" if nothing is near.
function suggest.hint(word, candidates)
  local nearest = suggest.nearest(word, candidates)
  return nearest and (" (did you mean '%s'?)"):format(nearest) or ""
end

-- If nothing is near: ": there are a, b and c"; "" if there are none. Of a set of few names.
function suggest.hint_or_all(word, set)
  local hint, names = suggest.hint(word, set), {}
  for name in next, set do
    names[#names + 1] = name
  end
  if hint ~= "" or #names == 0 then
    return hint
  end
  table.sort(names)
  return ": there " .. (#names == 1 and "is " or "are ") .. table.concat(names, ", ", 1, #names - 1)
    .. (#names > 1 and " and " or "") .. names[#names]
end

return suggest
