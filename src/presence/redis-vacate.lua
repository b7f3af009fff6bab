-- Forgets a room that is registered and holds nobody.
-- KEYS and ARGV 1-5 as in redis-room.lua; no incarnation.
-- ARGV 6 "1" to be told only · 7 and on: incarnations that it is registered for
-- Returns 1 if the room is such a one.
if call("HLEN", CONNECTIONS) > 0 then return 0 end
if ARGV[6] == "1" then return 1 end
for at = 7, #ARGV do call("ZREM", ROOMS, ARGV[at] .. "\t" .. ROOM) end
-- Without a head, a node that knows better reads the room anew and tells whom it carries there.
call("DEL", HEAD, USERS, OWNERS, DEADLINES, TTLS)
settle()
return 1
