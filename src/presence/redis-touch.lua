-- A sign of life of a user's connections without a process; no event.
-- KEYS and ARGV 1-5 as in redis-room.lua; the incarnation is that of connections without a process.
-- ARGV 6 user (percent-encoded) · 7 store time
-- Returns how many there are.
local USER, NOW = ARGV[6], tonumber(ARGV[7])
local touched = 0
for id, ttl in pairs(ttlsOf(USER)) do
  local record = stored(id)
  if record and record.user == USER and record.owner == INCARNATION then
    call("ZADD", DEADLINES, NOW + ttl, id)
    touched = touched + 1
  end
end
return touched
