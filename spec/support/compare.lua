--- The same thing natively and supervised, and what differs.
local assert = require "luassert"
local live = require "live"

local compare = {}

local function lines_of(text)
  local lines = {}
  for line in (text .. "\n"):gmatch("(.-)\n") do lines[#lines + 1] = line end
  return lines
end

--- Fails with the lines that differ; `what` says what they are lines of.
function compare.lines(native, supervised, what)
  local wanted, got, differences = lines_of(native), lines_of(supervised), {}
  for i, line in ipairs(wanted) do
    if line ~= got[i] and #differences < 20 then
      differences[#differences + 1] = "natively   " .. line
      differences[#differences + 1] = "supervised " .. tostring(got[i])
    end
  end
  if #wanted < #got then differences[#differences + 1] = "supervised also " .. got[#wanted + 1] end
  assert(#differences == 0, what .. ":\n" .. table.concat(differences, "\n"))
end

--- Fails unless both runs said the same and ended the same.
function compare.results(native, supervised)
  compare.lines(native.err, supervised.err, "errors")
  compare.lines(native.out, supervised.out, "output")
  assert.equal(native.status, supervised.status)
end

-- ---- scripts that start a supervised command themselves -------------------------------------

local prefix
local directories = {}

--- Before the scripts: for `setup`.
function compare.set_up()
  local directory = live.directory()
  directories.root, directories.user = live.directory(), live.directory()
  live.write_file(directory .. "/policy.lua", live.permissive)
  prefix = live.binary .. " run -q -p " .. directory .. "/policy.lua --"
end

--- A shell script, in which $run stands for the start of a supervised command, or nothing. It starts
--- in the same directory, so that nothing but $run differs. options: native, as, stdin, timeout
function compare.shell(text, options)
  options = options or {}
  local start = ("run=%s moongate=%s\nrm -rf work; mkdir work; cd work || exit\n"):format(
    live.quote(options.native and "" or prefix), live.quote(live.binary))
  local directory = directories[options.as or "user"]
  return live.run {
    command = { "sh", "-c", start .. text }, as = options.as or "user",
    env = { PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", HOME = directory },
    cwd = directory, stdin = options.stdin, timeout = options.timeout or 60,
  }
end

--- A script that says and does the same both ways; returns the supervised one's result.
function compare.same(text, options)
  options = options or {}
  options.native = true
  local native = compare.shell(text, options)
  options.native = nil
  local supervised = compare.shell(text, options)
  compare.results(native, supervised)
  return supervised
end

return compare
