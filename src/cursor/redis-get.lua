-- What a room's cache holds.
-- KEYS 1 fields · 2 ends, as in redis-set.lua
-- Returns all fields with their texts, and which of them have expired.
local time = redis.call("TIME")
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
return { redis.call("HGETALL", KEYS[1]), redis.call("ZRANGEBYSCORE", KEYS[2], "-inf", now) }
