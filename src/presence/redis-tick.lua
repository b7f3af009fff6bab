-- Advances the store clock, renews a lease, condemns those whose lease has ended, tells orders.
--
-- KEYS, all of the registry
--   1 clock      HASH  t -> store time, wall -> TIME of the last tick in ms, order -> number of the last order,
--                      layout -> version of the keys and number of the buckets
--   2 leases     ZSET  incarnation -> end in store time
--   3 unswept    ZSET  condemned incarnations that are to be swept
--   4 condemned  ZSET  incarnation -> until when it is remembered, in store time
--   5 orders     ZSET  until, tab, order as JSON -> number
-- ARGV
--   1 incarnation · 2 "1" for its first tick · 3 lease in ms · 4 longest step of the clock in ms
--   5 number of the last order heard · 6 ms that a condemned incarnation is remembered · 7 layout
-- Returns { ok | dead | unknown, store time, { incarnations to sweep }, { orders }, number of the last order }
local CLOCK, LEASES, UNSWEPT, CONDEMNED, ORDERS = unpack(KEYS)
local INCARNATION, IS_FIRST, LAYOUT = ARGV[1], ARGV[2] == "1", ARGV[7]
local call = redis.call

local function text(number) return string.format("%.0f", number) end

call("HLEN", CLOCK)
for _, key in ipairs({ LEASES, UNSWEPT, CONDEMNED, ORDERS }) do call("ZCARD", key) end

local time = call("TIME")
local wall = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local last, store, kept = unpack(call("HMGET", CLOCK, "wall", "t", "layout"))
if kept and kept ~= LAYOUT then return redis.error_reply("LAYOUT " .. kept .. " is kept, not " .. LAYOUT) end
local passed = wall - tonumber(last or wall)
local now = tonumber(store or "0") + math.min(math.max(passed, 0), tonumber(ARGV[4]))
call("HSET", CLOCK, "t", text(now), "wall", text(wall), "layout", LAYOUT)

local state = "ok"
if call("ZSCORE", CONDEMNED, INCARNATION) then
  state = "dead"
elseif not IS_FIRST and not call("ZSCORE", LEASES, INCARNATION) then
  state = "unknown"
else
  -- Before anybody is condemned: who ticks is alive.
  call("ZADD", LEASES, text(now + tonumber(ARGV[3])), INCARNATION)
end

for _, ended in ipairs(call("ZRANGEBYSCORE", LEASES, "-inf", text(now))) do
  call("ZREM", LEASES, ended)
  call("ZADD", CONDEMNED, text(now + tonumber(ARGV[6])), ended)
  call("ZADD", UNSWEPT, text(now), ended)
end
call("ZREMRANGEBYSCORE", CONDEMNED, "-inf", text(now))

for _, each in ipairs(call("ZRANGE", ORDERS, 0, -1)) do
  if tonumber(string.match(each, "^%d+")) > now then break end
  call("ZREM", ORDERS, each)
end
local orders = {}
for _, each in ipairs(call("ZRANGEBYSCORE", ORDERS, "(" .. ARGV[5], "+inf")) do
  table.insert(orders, string.match(each, "^%d+\t(.*)$"))
end
return { state, text(now), call("ZRANGE", UNSWEPT, 0, -1), orders, call("HGET", CLOCK, "order") or "0" }
