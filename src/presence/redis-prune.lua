-- Removes the connections without a process whose deadline has passed.
-- KEYS and ARGV 1-5 as in redis-room.lua; the incarnation is that of connections without a process.
-- ARGV 6 store time
for _, id in ipairs(call("ZRANGEBYSCORE", DEADLINES, "-inf", ARGV[6])) do
  local record = stored(id)
  if record then remove(id, record, "timeout") else call("ZREM", DEADLINES, id) end
end
if #removed > 0 then publish(versionOf(head) + 1, "0", false) end
return #removed / 3
