-- Stands before every script that changes a room: its keys, its records and how a change is told.
--
-- KEYS, all of one bucket
--   1 head         STRING  epoch.version.nonce
--   2 connections  HASH    connection id -> record, fields parted by tabs:
--                          owner, user (percent-encoded), lingering (0|1), status, revision, joined at, since, meta as JSON
--   3 users        HASH    user (percent-encoded) -> how many connections
--   4 owners       HASH    incarnation -> how many connections
--   5 sequences    HASH    incarnation -> last write that counted, "inf" for a closed one, how many of "ttl"; "#newest" -> latest joined at
--   6 deadlines    ZSET    connection id -> end in store time without another sign of life, of connections without a process
--   7 fenced       ZSET    incarnations that may write no more -> kept until
--   8 rooms        ZSET    incarnation, tab, room: which rooms hold records of whom
--   9 ttls         HASH    user (percent-encoded) -> { connection id: ms that a sign of life lasts } as JSON, of connections without a process
-- ARGV
--   1 channel of the room · 2 room · 3 incarnation · 4 nonce · 5 ms that an empty room's head is kept
local HEAD, CONNECTIONS, USERS, OWNERS, SEQUENCES, DEADLINES, FENCED, ROOMS, TTLS = unpack(KEYS)
local CHANNEL, ROOM, INCARNATION, NONCE, EMPTY_MS = unpack(ARGV, 1, 5)
local RECORD = "^" .. string.rep("([^\t]*)\t", 7) .. "([^\t]*)"
-- Owns the connections that no process carries.
local WITHOUT_NODE = "ttl"
local MAX_SEQUENCES = 256

local call = redis.call
local put, removed = {}, {}

-- What is not ours fails here, before anything is written: Lua undoes nothing. A room that has a head was found to be ours.
local head = call("GET", HEAD) or ""
if head == "" then
  for _, key in ipairs({ CONNECTIONS, USERS, OWNERS, SEQUENCES, TTLS }) do call("HLEN", key) end
  for _, key in ipairs({ DEADLINES, FENCED, ROOMS }) do call("ZCARD", key) end
end

local function versionOf(text)
  return tonumber(string.match(text, "^[^.]*%.(%d+)%.") or "0")
end

local function read(packed)
  local owner, user, lingering, status, revision, joinedAt, since, meta = string.match(packed, RECORD)
  return {
    owner = owner, user = user, lingering = lingering, status = status,
    revision = revision, joinedAt = joinedAt, since = since, meta = meta,
  }
end

local function pack(record)
  return table.concat({
    record.owner, record.user, record.lingering, record.status,
    record.revision, record.joinedAt, record.since, record.meta,
  }, "\t")
end

local function stored(id)
  local packed = call("HGET", CONNECTIONS, id)
  return packed and read(packed) or nil, packed
end

local function isFormerTerm(other, own)
  local process, term = string.match(own, "^(.*)%.(%d+)$")
  local otherProcess, otherTerm = string.match(other, "^(.*)%.(%d+)$")
  return process ~= nil and process == otherProcess and tonumber(otherTerm) < tonumber(term)
end

local function count(key, field, change)
  local sum = call("HINCRBY", key, field, change)
  if sum <= 0 then call("HDEL", key, field) end
  return sum
end

local function add(id, record)
  call("HSET", CONNECTIONS, id, pack(record))
  count(USERS, record.user, 1)
  if count(OWNERS, record.owner, 1) == 1 then call("ZADD", ROOMS, 0, record.owner .. "\t" .. ROOM) end
  table.insert(put, id)
  table.insert(put, pack(record))
end

local function forget(id, record)
  call("HDEL", CONNECTIONS, id)
  count(USERS, record.user, -1)
  if count(OWNERS, record.owner, -1) <= 0 then call("ZREM", ROOMS, record.owner .. "\t" .. ROOM) end
end

-- By user: a sign of life is one's own, and costs the same however many are in the room.
local function ttlsOf(user)
  local kept = call("HGET", TTLS, user)
  return kept and cjson.decode(kept) or {}
end

local function keepTtl(id, user, ttl)
  local ttls = ttlsOf(user)
  ttls[id] = ttl
  if next(ttls) then call("HSET", TTLS, user, cjson.encode(ttls)) else call("HDEL", TTLS, user) end
end

local function bind(id, user, seenAt, ttl)
  call("ZADD", DEADLINES, seenAt + ttl, id)
  keepTtl(id, user, ttl)
end

local function unbind(id, user)
  if call("ZREM", DEADLINES, id) == 1 and user then keepTtl(id, user, nil) end
end

local function remove(id, record, reason)
  forget(id, record)
  unbind(id, record.user)
  for _, each in ipairs({ id, record.owner, reason }) do table.insert(removed, each) end
end

-- Ids of the connections that `chosen` accepts, in one order for everybody.
local function select(chosen)
  local ids, records = {}, {}
  local all = call("HGETALL", CONNECTIONS)
  for at = 1, #all, 2 do
    local record = read(all[at + 1])
    if chosen(all[at], record) then
      table.insert(ids, all[at])
      records[all[at]] = record
    end
  end
  table.sort(ids)
  return ids, records
end

-- An empty room leaves nothing but, for a while, its head; numbers of those who own nothing here are not kept without bound.
local function settle()
  if call("HLEN", CONNECTIONS) == 0 then
    call("PEXPIRE", HEAD, EMPTY_MS)
    call("PEXPIRE", SEQUENCES, EMPTY_MS)
    return
  end
  -- The head lasts since it was set.
  call("PERSIST", SEQUENCES)
  if versionOf(head) % MAX_SEQUENCES ~= 0 or call("HLEN", SEQUENCES) <= MAX_SEQUENCES then return end
  for _, each in ipairs(call("HKEYS", SEQUENCES)) do
    local isNeeded = each == "#newest" or each == INCARNATION or call("HEXISTS", OWNERS, each) == 1
    if not isNeeded then call("HDEL", SEQUENCES, each) end
  end
end

-- Writes without a process have no number of their own; they are counted, so that a store that went back is known by its count.
local function numberOf(sequence)
  if INCARNATION ~= WITHOUT_NODE then return sequence end
  return string.format("%.0f", call("HINCRBY", SEQUENCES, INCARNATION, 1))
end

-- Moves the head and tells the room, in the same step as the change.
local function publish(version, sequence, owned)
  local previous = head
  local epoch = previous == "" and NONCE or string.match(previous, "^[^.]*")
  head = epoch .. "." .. string.format("%.0f", version) .. "." .. NONCE
  call("SET", HEAD, head)
  settle()
  call("PUBLISH", CHANNEL, "e" .. cjson.encode({ previous, head, INCARNATION, sequence, put, removed, owned }))
end

-- What the room loses with these connections: id, record, and "1" if nothing else keeps the user in it.
local function losses(ids, records)
  local leaving, told = {}, {}
  for _, id in ipairs(ids) do
    local user = records[id].user
    leaving[user] = (leaving[user] or 0) + 1
  end
  for _, id in ipairs(ids) do
    local record = records[id]
    local isGone = tonumber(call("HGET", USERS, record.user) or "0") == leaving[record.user]
    for _, each in ipairs({ id, pack(record), isGone and "1" or "0" }) do table.insert(told, each) end
  end
  return told
end
