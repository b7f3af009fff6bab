-- Deletes fields of a room's cache.
-- KEYS 1 fields · 2 ends, as in redis-set.lua · ARGV the fields
for _, field in ipairs(ARGV) do
  redis.call("HDEL", KEYS[1], field)
  redis.call("ZREM", KEYS[2], field)
end
return 0
