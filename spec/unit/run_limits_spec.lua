-- limits {…}: what is understood, and what is said of the rest.
local T = require "moongate.testing"

describe("limits", function()
  it("take sizes, times and numbers", function()
    for _, text in ipairs {
      "processes = 50", "files = 3", "memory = 1 << 30", "memory = '512K'", "memory = '64M', filesize = '2G'",
      "cpu = 60", "cpu = 0.5", "wall = '1500ms'", "wall = '5m', cpu = '2h'", "filesize = '1T'",
    } do
      assert.has_no.errors(function() T.load_text("limits { " .. text .. " }") end)
    end
  end)

  it("are told in the units in which they are written", function()
    local p = T.load_text "limits { processes = 50, memory = '2K', wall = '5m', cpu = '1.5s' }\n"
    assert.same({ processes = 50, memory = 2048, wall = 300, cpu = 1.5 }, p:limits())
    assert.same({}, T.load_text(""):limits())
    assert.same({ cpu = 1.005, wall = 5400 },
      T.load_text("limits { cpu = '1.005s', wall = '1.5h' }"):limits())
  end)

  local function said(text)
    local ok, problem = pcall(T.load_text, text)
    assert.is_false(ok, text)
    return problem
  end

  it("refuse what makes no sense, with the line", function()
    for text, words in pairs {
      ["limits { wal = 5 }"] = "limits has no 'wal' (did you mean 'wall'?)",
      ["limits { 5 }"] = "limits takes name = value, not a list: limits { processes = 50",
      ["limits { 'wall' }"] = "limits takes name = value, not a list: wall = …",
      ["limits {}"] = "limits names no limit; write limits {",
      ["limits { memory = '1.5G' }"] = "memory wants bytes",
      ["limits { wall = '1.2.3s' }"] = "wall wants a duration",
      ["limits { wall = '0.0001s' }"] = "wall wants a duration",
      ["limits { wall = '5x' }"] = "wall wants a duration",
      ["limits { wall = 0 }"] = "more than 0; not 0",
      ["limits { cpu = -1 }"] = "more than 0; not -1",
      ["limits { memory = '2g' }"] = "memory wants bytes",
      ["limits { memory = 1.5 }"] = "memory wants bytes",
      ["limits { memory = '999999999999999999G' }"] = "memory wants bytes",
      ["limits { processes = '5k' }"] = "processes wants a whole number",
      ["limits { processes = true }"] = "not true",
      ["limits { files = {} }"] = "files wants a whole number",
      ["limits 'files'"] = "write limits {",
      ["limits()"] = "write limits {",
    } do
      local problem = said("\n" .. text)
      assert.truthy(problem:find(words, 1, true), problem)
      assert.truthy(problem:find(":2: ", 1, true), problem)
    end
  end)

  it("are no matter of handlers", function()
    local p = T.load_text "function on.open(call) limits { files = 5 } end"
    local answer = p:decide(T.call.open "/x")
    assert.equal("failure", answer.source)
    assert.truthy(answer.why:find("not in a handler", 1, true), answer.why)
  end)
end)
