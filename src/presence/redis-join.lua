-- Stands before `redis-room.lua` and `redis-apply.lua`, whose KEYS and ARGV it has, and does the most common batch by a short way: one new connection,
-- with nothing said of its seat or times, into a room that has a head. What is not so, or is to be refused, goes on to the whole script, with nothing
-- written. In a server that slept until now a script costs what code and keys it touches, more than what it does: here they are the fewest.
if ARGV[8] == "j" and #ARGV == 13 and ARGV[7] == "0" and ARGV[3] ~= "ttl" then
  local call = redis.call
  local INCARNATION, NONCE, SEQUENCE = ARGV[3], ARGV[4], ARGV[6]
  local id, user, status, since, meta = unpack(ARGV, 9, 13)
  local previous = call("GET", KEYS[1]) or ""
  local epoch, version = string.match(previous, "^([^.]*)%.(%d+)%.")
  local last, newest = unpack(call("HMGET", KEYS[5], INCARNATION, "#newest"))
  last, newest, version = last or "0", tonumber(newest or "0"), tonumber(version or "-1") + 1
  local isLate = last == "inf" or tonumber(last) >= tonumber(SEQUENCE)
  -- Without a head more is to be checked; now and then the whole script clears up.
  local isPlain = version % 256 ~= 0 and not isLate and not call("ZSCORE", KEYS[7], INCARNATION)
  if isPlain and not call("HGET", KEYS[2], id) then
    local time = call("TIME")
    local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
    local joinedAt = string.format("%.0f", math.max(now, newest))
    if since == "" then since = joinedAt end
    local record = table.concat({ INCARNATION, user, "0", status, "0", joinedAt, since, meta }, "\t")
    local head = epoch .. "." .. string.format("%.0f", version) .. "." .. NONCE
    call("HSET", KEYS[2], id, record)
    call("HINCRBY", KEYS[3], user, 1)
    if call("HINCRBY", KEYS[4], INCARNATION, 1) == 1 then
      call("ZADD", KEYS[8], 0, INCARNATION .. "\t" .. ARGV[2])
      -- Nobody may have been here until now.
      call("PERSIST", KEYS[5])
    end
    call("HSET", KEYS[5], INCARNATION, SEQUENCE, "#newest", joinedAt)
    call("SET", KEYS[1], head)
    call("PUBLISH", ARGV[1], "e" .. cjson.encode({ previous, head, INCARNATION, SEQUENCE, { id, record }, {}, false }))
    return { "ok", head, "1" }
  end
end
