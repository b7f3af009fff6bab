-- Gives a user's connections without a process a new deadline; no event.
-- KEYS and ARGV 1-5 as in redis-room.lua; the incarnation is that of connections without a process.
-- ARGV 6 user (percent-encoded) · 7 deadline in store time
-- Returns how many there are.
local touched = 0
if call("HEXISTS", USERS, ARGV[6]) == 0 then return 0 end
for _, id in ipairs(call("ZRANGE", DEADLINES, 0, -1)) do
  local record = stored(id)
  if record and record.user == ARGV[6] and record.owner == INCARNATION then
    call("ZADD", DEADLINES, ARGV[7], id)
    touched = touched + 1
  end
end
return touched
