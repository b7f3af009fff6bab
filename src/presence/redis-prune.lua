-- Removes the connections without a process whose time is over.
-- KEYS and ARGV 1-5 as in redis-room.lua; the incarnation is that of connections without a process.
-- ARGV 6 store time · 7 longest silence in ms, or "" for everybody's own · 8 "1" to be told only
-- Returns what is lost, as in redis-room.lua
local NOW, MAX_AGE, IS_DRY = tonumber(ARGV[6]), tonumber(ARGV[7]), ARGV[8] == "1"

local found = MAX_AGE and call("ZRANGE", DEADLINES, 0, -1, "WITHSCORES")
  or call("ZRANGEBYSCORE", DEADLINES, "-inf", ARGV[6], "WITHSCORES")
local ids, records = {}, {}
for at = 1, #found, 2 do
  local id, deadline = found[at], tonumber(found[at + 1])
  local record = stored(id)
  local seenAt = MAX_AGE and deadline - (record and ttlsOf(record.user)[id] or 0)
  local isOver = deadline <= NOW or (MAX_AGE and NOW - seenAt > MAX_AGE)
  if isOver and record and record.owner == INCARNATION then
    table.insert(ids, id)
    records[id] = record
  elseif isOver and not IS_DRY then
    unbind(id, record and record.user)
  end
end
local lost = losses(ids, records)
if IS_DRY or #ids == 0 then return lost end
for _, id in ipairs(ids) do remove(id, records[id], "timeout") end
publish(versionOf(head) + 1, numberOf("0"), false)
return lost
