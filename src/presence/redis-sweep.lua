-- Removes what a fenced incarnation left in a room and closes it; told once, however many sweep.
-- KEYS and ARGV 1-5 as in redis-room.lua.
if head == "" and call("EXISTS", SEQUENCES) == 0 then
  call("ZREM", ROOMS, INCARNATION .. "\t" .. ROOM)
  return 0
end
call("HSET", SEQUENCES, INCARNATION, "inf")
if call("HEXISTS", OWNERS, INCARNATION) == 1 then
  local ids, records = select(function(_, record) return record.owner == INCARNATION end)
  for _, id in ipairs(ids) do remove(id, records[id], "node") end
end
call("ZREM", ROOMS, INCARNATION .. "\t" .. ROOM)
if #removed > 0 then publish(versionOf(head) + 1, "inf", false) else settle() end
return #removed / 3
