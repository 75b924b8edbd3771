local suggest = require "moongate.suggest"

describe("the distance of two words", function()
  for _, row in ipairs {
    { "", "", 0 }, { "a", "", 1 }, { "", "abc", 3 }, { "read", "read", 0 }, { "raed", "read", 1 },
    { "red", "read", 1 }, { "reads", "read", 1 }, { "rebd", "read", 1 }, { "open", "mkdir", 5 },
    { "ca", "abc", 3 }, { "EACESS", "EACCES", 2 },
  } do
    it(("%s to %s is %d"):format(row[1], row[2], row[3]), function()
      assert.equal(row[3], suggest.distance(row[1], row[2]))
      assert.equal(row[3], suggest.distance(row[2], row[1]))
    end)
  end
end)

describe("a suggestion", function()
  it("is the nearest word, the first of equals", function()
    assert.equal("write", suggest.nearest("wirte", { read = 1, write = 1, white = 1 }))
    assert.equal("ab", suggest.nearest("a", { "ac", "ab" }))
  end)

  it("is only made for what is near", function()
    assert.is_nil(suggest.nearest("frobnicate", { "read", "write" }))
    assert.is_nil(suggest.nearest("xx", { "read" }))
    assert.is_nil(suggest.nearest(("x"):rep(1000), { ("x"):rep(999) }))
    assert.is_nil(suggest.nearest(nil, { "nil" }))
    assert.equal("", suggest.hint("frobnicate", { "read" }))
    assert.equal(" (did you mean 'read'?)", suggest.hint("raed", { read = true }))
  end)
end)
