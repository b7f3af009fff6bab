-- Tries what the scripts of rooms and nodes do, in a way that changes nothing: fails where writing is forbidden or not possible.
-- KEYS 1 a key that nobody uses
local call, key = redis.call, KEYS[1]
call("SET", key, "", "XX")
call("ZADD", key, "XX", 0, "none")
for _, name in ipairs({ "HDEL", "ZREM" }) do call(name, key, "none") end
call("ZREMRANGEBYSCORE", key, 1, 0)
call("PEXPIRE", key, 1)
for _, name in ipairs({ "PERSIST", "DEL" }) do call(name, key) end
return call("EXISTS", key)
