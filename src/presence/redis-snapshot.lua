-- A room at one moment.
-- KEYS, all of one bucket: 1 head · 2 connections · 3 sequences · 4 fenced, as in redis-room.lua
local call = redis.call
return { call("GET", KEYS[1]) or "", call("HGETALL", KEYS[2]), call("HGETALL", KEYS[3]), call("ZRANGE", KEYS[4], 0, -1) }
