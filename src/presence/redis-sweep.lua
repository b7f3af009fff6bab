-- Removes what a fenced incarnation left in a room and closes it; told once, however many sweep.
-- KEYS and ARGV 1-5 as in redis-room.lua.
-- ARGV 6 "1" to be told only
-- Returns what is lost, as in redis-room.lua
local IS_DRY = ARGV[6] == "1"
local ids, records = {}, {}
if call("HEXISTS", OWNERS, INCARNATION) == 1 then
  ids, records = select(function(_, record) return record.owner == INCARNATION end)
end
local lost = losses(ids, records)
if IS_DRY then return lost end
if head == "" and call("EXISTS", SEQUENCES) == 0 then
  call("ZREM", ROOMS, INCARNATION .. "\t" .. ROOM)
  return lost
end
call("HSET", SEQUENCES, INCARNATION, "inf")
for _, id in ipairs(ids) do remove(id, records[id], "node") end
call("ZREM", ROOMS, INCARNATION .. "\t" .. ROOM)
if #removed > 0 then publish(versionOf(head) + 1, "inf", false) else settle() end
return lost
