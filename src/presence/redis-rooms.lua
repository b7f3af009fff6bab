-- Looks at rooms of one bucket; changes nothing.
-- KEYS of each room three: connections, users, owners, as in redis-room.lua
-- ARGV 1 user (percent-encoded) that has to be there, or ""
-- Returns of each { people, connections, { owner, how many, … } }, zeros for one that is not asked for.
local call = redis.call
local found = {}
for at = 1, #KEYS, 3 do
  local isMeant = ARGV[1] == "" or call("HEXISTS", KEYS[at + 1], ARGV[1]) == 1
  table.insert(found, isMeant
    and { call("HLEN", KEYS[at + 1]), call("HLEN", KEYS[at]), call("HGETALL", KEYS[at + 2]) }
    or { 0, 0, {} })
end
return found
