-- Tells an order to all nodes: now by the channel, and with the next tick of each.
-- KEYS, all of the registry: 1 clock · 2 orders, as in redis-tick.lua
-- ARGV 1 channel of the nodes · 2 order as JSON · 3 ms that it is kept
local call = redis.call
local time = call("TIME")
local wall = tonumber(time[1]) * 1000000 + tonumber(time[2])
-- Rises also over a store that lost what it held, so that no node takes a new order for one it has heard.
local number = math.max(wall, tonumber(call("HGET", KEYS[1], "order") or "0") + 1)
local untilTime = tonumber(call("HGET", KEYS[1], "t") or "0") + tonumber(ARGV[3])
call("ZADD", KEYS[2], string.format("%.0f", number), string.format("%.0f", untilTime) .. "\t" .. ARGV[2])
call("HSET", KEYS[1], "order", string.format("%.0f", number))
call("PUBLISH", ARGV[1], "t" .. ARGV[2])
return number
