-- Sends text in a stream. A script, since only where the stream's keys lie does it keep its order among what else is told there.
-- KEYS 1 a key of the stream · ARGV 1 channel · 2 text
-- Returns how many connections hear it, of those that this server knows.
return redis.call("PUBLISH", ARGV[1], "t" .. ARGV[2])
