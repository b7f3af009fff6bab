-- Refuses every later write of an incarnation in the rooms of one bucket.
-- KEYS, all of one bucket: 1 fenced · 2 rooms, as in redis-room.lua
-- ARGV 1 incarnation · 2 ms that the fence is kept
-- Returns the rooms that hold records of it.
local call = redis.call
local prefix = ARGV[1] .. "\t"
local left = call("ZRANGEBYLEX", KEYS[2], "[" .. prefix, "(" .. ARGV[1] .. "\n")
local now = tonumber(call("TIME")[1]) * 1000
call("ZREMRANGEBYSCORE", KEYS[1], "-inf", now)
call("ZADD", KEYS[1], now + tonumber(ARGV[2]), ARGV[1])
call("PEXPIRE", KEYS[1], ARGV[2])
local rooms = {}
for _, each in ipairs(left) do table.insert(rooms, string.sub(each, #prefix + 1)) end
return rooms
