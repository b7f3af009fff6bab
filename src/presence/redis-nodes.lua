-- Looks at leases; changes nothing.
-- KEYS, all of the registry: 1 clock · 2 leases · 3 unswept, as in redis-tick.lua
-- Returns { store time, ms since the last tick or "", { incarnation, end of its lease, … }, { incarnations to sweep } }
local call = redis.call
local time = call("TIME")
local wall = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local last = call("HGET", KEYS[1], "wall")
local silent = last and string.format("%.0f", math.max(wall - tonumber(last), 0)) or ""
return {
  call("HGET", KEYS[1], "t") or "0", silent,
  call("ZRANGE", KEYS[2], 0, -1, "WITHSCORES"), call("ZRANGE", KEYS[3], 0, -1),
}
