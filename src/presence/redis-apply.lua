-- One batch of one incarnation: checks, writes and publishes in one step.
-- KEYS and ARGV 1-5 as in redis-room.lua.
-- ARGV, all in one list as JSON
--   6 number of the write · 7 "1" if this is the whole of what the process owns here · then the operations:
--   "p" connection, user, lingering, status, revises, revision, joined at, since, seen at, ttl, most users, meta ("" for what is not given)
--   "j" connection, user, status, since, meta: a "p" of one that is not lingering, with nothing else given
--   "d" connection, reason: removes the writer's own · "e" connection, reason: removes anybody's that lingers
-- Returns { "ok", head, "1" if something changed, then the connections that found no seat } · { "stale", last number } · { "dead" };
-- the head alone where the short way of redis-join.lua was taken
local SEQUENCE, IS_ALL = ARGV[6], ARGV[7] == "1"
if call("ZSCORE", FENCED, INCARNATION) then return { "dead" } end
local last, newest = unpack(call("HMGET", SEQUENCES, INCARNATION, "#newest"))
last, newest = last or "0", tonumber(newest or "0")
if INCARNATION ~= WITHOUT_NODE then
  if last == "inf" or tonumber(last) >= tonumber(SEQUENCE) then return { "stale", last } end
end

local SIZES = { p = 13, j = 6, d = 3, e = 3 }
local version, operations = versionOf(head), {}
do
  local at = 8
  while at <= #ARGV do
    local size = SIZES[ARGV[at]]
    local operation = { unpack(ARGV, at, at + size - 1) }
    if operation[1] == "p" then version = math.max(version, tonumber(operation[7]) or 0) end
    if operation[1] == "j" then
      local _, id, user, status, since, meta = unpack(operation)
      operation = { "p", id, user, "0", status, "0", "", "", since, "", "", "", meta }
    end
    table.insert(operations, operation)
    at = at + size
  end
  version = version + 1
end

local time = call("TIME")
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local function given(text, otherwise)
  return text ~= "" and text or otherwise
end

local refused, isRefused = {}, {}

-- Who is in the room has a seat; a connection that becomes another user's gives up the one it had.
local function hasSeat(user, most, existing)
  if most == "" or call("HEXISTS", USERS, user) == 1 then return true end
  local seats = call("HLEN", USERS)
  if existing and call("HGET", USERS, existing.user) == "1" then seats = seats - 1 end
  return seats < tonumber(most)
end

local function perform(operation)
  local _, id, user, lingering, status, revises, revision, joinedAt, since, seenAt, ttl, most, meta = unpack(operation)
  local existing, packed = stored(id)
  if not hasSeat(user, most, existing) then
    table.insert(refused, id)
    isRefused[id] = true
    return
  end
  local old = existing or {}
  joinedAt = given(joinedAt, old.joinedAt or string.format("%.0f", math.max(now, newest)))
  local record = {
    owner = INCARNATION, user = user, lingering = lingering, status = status,
    revision = given(revision, old.revision or "0"),
    joinedAt = joinedAt, since = given(since, old.since or joinedAt), meta = meta,
  }
  if revises == "1" then record.revision = old.revision or "" end
  if existing and existing.user ~= user then unbind(id, existing.user) end
  if seenAt ~= "" then bind(id, user, tonumber(seenAt), tonumber(ttl)) end
  if existing and pack(record) == pack(existing) then return end
  if revises == "1" then record.revision = string.format("%.0f", version) end
  if existing then forget(id, existing) end
  -- Who carries it answers for it from now on.
  if existing and existing.owner == WITHOUT_NODE and INCARNATION ~= WITHOUT_NODE then unbind(id, user) end
  newest = math.max(newest, tonumber(joinedAt))
  add(id, record)
end

local function isOurs(record)
  return record.owner == INCARNATION or isFormerTerm(record.owner, INCARNATION)
end

local function drop(operation)
  local existing = stored(operation[2])
  if not existing then return end
  local isAllowed = existing.lingering == "1"
  if operation[1] == "d" then isAllowed = isOurs(existing) end
  if isAllowed then remove(operation[2], existing, operation[3]) end
end

-- The writer has told everything it owns: its other records go, its former terms can write no more.
local function closeOthers()
  local owned, kept = {}, {}
  for _, operation in ipairs(operations) do
    if operation[1] == "p" and not isRefused[operation[2]] then
      table.insert(owned, operation[2])
      kept[operation[2]] = true
    end
  end
  local ids, records = select(function(id, record) return isOurs(record) and not kept[id] end)
  for _, id in ipairs(ids) do remove(id, records[id], "closed") end
  for _, other in ipairs(call("HKEYS", SEQUENCES)) do
    if isFormerTerm(other, INCARNATION) then call("HSET", SEQUENCES, other, "inf") end
  end
  return owned
end

for _, operation in ipairs(operations) do
  if operation[1] == "p" then perform(operation) else drop(operation) end
end
local owned = false
if IS_ALL then owned = closeOthers() end
local numbers = {}
if INCARNATION ~= WITHOUT_NODE then numbers = { INCARNATION, SEQUENCE } end
if #put > 0 then
  table.insert(numbers, "#newest")
  table.insert(numbers, string.format("%.0f", newest))
end
if #numbers > 0 then call("HSET", SEQUENCES, unpack(numbers)) end

local hasChanged = IS_ALL or #put > 0 or #removed > 0
if hasChanged then publish(version, numberOf(SEQUENCE), owned) else settle() end
local answer = { "ok", head, hasChanged and "1" or "0" }
-- One by one: Lua unpacks some thousands at most.
for _, id in ipairs(refused) do table.insert(answer, id) end
return answer
