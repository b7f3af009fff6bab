-- Looks at keys of one slot; changes nothing.
-- ARGV 1 "1" to weigh them too
-- Returns of each key its type ("none" where there is none) and how many bytes it takes, or 0.
local found = {}
for _, key in ipairs(KEYS) do
  local kind = redis.call("TYPE", key).ok
  local bytes = kind ~= "none" and ARGV[1] == "1" and redis.call("MEMORY", "USAGE", key) or 0
  table.insert(found, kind)
  table.insert(found, bytes or 0)
end
return found
