-- Who has records in the rooms of one bucket.
-- KEYS 1 rooms, as in redis-room.lua
local owners, after = {}, "-"
while true do
  local found = redis.call("ZRANGEBYLEX", KEYS[1], after, "+", "LIMIT", 0, 1)[1]
  if not found then return owners end
  local owner = string.match(found, "^[^\t]*")
  table.insert(owners, owner)
  -- Behind every room of this owner: "\n" follows the tab.
  after = "[" .. owner .. "\n"
end
