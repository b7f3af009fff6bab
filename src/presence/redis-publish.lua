-- Sends text in a room's stream. A script, since only where the room's keys lie does it keep its order among the changes.
-- KEYS 1 head of the room · ARGV 1 channel · 2 text
-- Returns how many connections hear it, of those that this server knows.
return redis.call("PUBLISH", ARGV[1], "t" .. ARGV[2])
