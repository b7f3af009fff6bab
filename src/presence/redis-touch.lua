-- A sign of life of a user's connections without a process; no event.
-- KEYS and ARGV 1-5 as in redis-room.lua; the incarnation is that of connections without a process.
-- ARGV 6 user (percent-encoded) · 7 store time
-- Returns how many there are.
local touched = 0
if call("HEXISTS", USERS, ARGV[6]) == 0 then return 0 end
for _, id in ipairs(call("ZRANGE", DEADLINES, 0, -1)) do
  local record = stored(id)
  if record and record.user == ARGV[6] and record.owner == INCARNATION then
    call("ZADD", DEADLINES, tonumber(ARGV[7]) + tonumber(call("HGET", TTLS, id) or "0"), id)
    touched = touched + 1
  end
end
return touched
