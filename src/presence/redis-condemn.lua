-- An incarnation is dead from now on, whether its lease has ended or it never had one.
-- KEYS, all of the registry: 1 clock · 2 leases · 3 condemned, as in redis-tick.lua
-- ARGV 1 incarnation · 2 ms that it is remembered
local now = tonumber(redis.call("HGET", KEYS[1], "t") or "0")
redis.call("ZREM", KEYS[2], ARGV[1])
return redis.call("ZADD", KEYS[3], string.format("%.0f", now + tonumber(ARGV[2])), ARGV[1])
