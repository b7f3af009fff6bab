-- Does nothing that lasts; fails where scripts, keys or channels are forbidden, and where keys are laid out in another way.
-- KEYS 1 clock of the registry · ARGV 1 channel of the nodes · 2 layout
local kept = redis.call("HGET", KEYS[1], "layout")
if kept and kept ~= ARGV[2] then return redis.error_reply("LAYOUT " .. kept .. " is kept, not " .. ARGV[2]) end
return redis.call("PUBLISH", ARGV[1], "")
