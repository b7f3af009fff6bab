-- Stands before `redis-room.lua` and `redis-apply.lua`, whose KEYS and ARGV it has, and does the most common batch by a short way: one new connection,
-- with nothing said of its seat or times, into a room that has a head. What is not so, or is to be refused, goes on to the whole script, with nothing
-- written. In a server that slept until now a script costs what code and keys it touches, more than what it does: here they are the fewest.
-- Returns the head alone, in place of { "ok", head, "1" }: one text is made and read sooner than a list.
-- Publishes "j", and parted by line ends: head before, head, incarnation, sequence, record, connection id.
-- What all three call ARGV comes as one list in JSON: that is sent and read sooner than an argument for each word.
local ARGV = cjson.decode(ARGV[1])
if ARGV[8] == "j" and #ARGV == 13 and ARGV[7] == "0" and ARGV[3] ~= "ttl" then
  local call, INCARNATION, NONCE, SEQUENCE = redis.call, ARGV[3], ARGV[4], ARGV[6]
  local id, user, since = ARGV[9], ARGV[10], ARGV[12]
  local previous = call("GET", KEYS[1]) or ""
  local epoch, version = string.match(previous, "^([^.]*)%.(%d+)%.")
  local found = call("HMGET", KEYS[5], INCARNATION, "#newest")
  local last, newest = found[1] or "0", found[2]
  version = tonumber(version or "-1") + 1
  local isLate = last == "inf" or tonumber(last) >= tonumber(SEQUENCE)
  -- Without a head more is to be checked; now and then the whole script clears up.
  if version % 256 ~= 0 and not isLate and not call("ZSCORE", KEYS[7], INCARNATION) then
    local time = call("TIME")
    -- In ms, as text: to write a number costs more than to read one.
    local joinedAt = time[1] .. string.sub("00000" .. time[2], -6, -4)
    if newest and tonumber(newest) > tonumber(joinedAt) then joinedAt = newest end
    if since == "" then since = joinedAt end
    local seen = "\t0\t" .. ARGV[11] .. "\t0\t" .. joinedAt .. "\t" .. since .. "\t" .. ARGV[13]
    local record = INCARNATION .. "\t" .. user .. seen
    local head = epoch .. "." .. version .. "." .. NONCE
    if call("HSETNX", KEYS[2], id, record) == 1 then
      call("HINCRBY", KEYS[3], user, 1)
      if call("HINCRBY", KEYS[4], INCARNATION, 1) == 1 then
        call("ZADD", KEYS[8], 0, INCARNATION .. "\t" .. ARGV[2])
        -- Nobody may have been here until now.
        call("PERSIST", KEYS[5])
      end
      call("HSET", KEYS[5], INCARNATION, SEQUENCE, "#newest", joinedAt)
      call("SET", KEYS[1], head)
      local told = "j" .. previous .. "\n" .. head .. "\n" .. INCARNATION .. "\n" .. SEQUENCE .. "\n" .. record
      call("PUBLISH", ARGV[1], told .. "\n" .. id)
      return head
    end
  end
end
