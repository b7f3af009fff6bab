-- Sets fields of a room's cache; each expires by itself, and both keys with the last of them.
-- KEYS, both of one bucket
--   1 fields  HASH  field -> text
--   2 ends    ZSET  field -> when it expires, in ms of this server's clock
-- ARGV 1 ms to live · then field, text, field, text …
local FIELDS, ENDS = KEYS[1], KEYS[2]
local TTL_MS = tonumber(ARGV[1])
-- So many at most are cleared away at a time: a write stays short.
local MAX_CLEARED = 1000
local call = redis.call

local time = call("TIME")
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

-- A key that is not ours fails with the first command on it, which comes before anything is written to the other.
for _, field in ipairs(call("ZRANGEBYSCORE", ENDS, "-inf", now, "LIMIT", 0, MAX_CLEARED)) do
  call("HDEL", FIELDS, field)
  call("ZREM", ENDS, field)
end
for at = 2, #ARGV, 2 do
  call("HSET", FIELDS, ARGV[at], ARGV[at + 1])
  call("ZADD", ENDS, now + TTL_MS, ARGV[at])
end
for _, key in ipairs(KEYS) do
  if call("PTTL", key) < TTL_MS then call("PEXPIRE", key, TTL_MS) end
end
return 0
