-- Merges elements into a document, and makes it if it does not exist. KEYS: 1 the document (sorted set: the incarnation under 0, each
-- element under the number of its change, 's' under the last number), 2 where each element is in it (hash). ARGV: 1 life in ms,
-- 2 incarnation if it is made, then pairs: id, and rank (8 bytes), life in ms (8), payload.
-- Answers incarnation, the number of the last change before and after it, and 1 if it has written anything (see commit.lua). Its cost does not grow with
-- the document, but for logarithms.
-- Members: 'i' incarnation; 'e' length of the id, id, rank (8), end by this server's clock in ms (8), payload; 's'.
local k, places, sub, unpackn = KEYS[1], KEYS[2], string.sub, struct.unpack
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local first = redis.call('ZRANGE', k, 0, 0)[1]
local left, before, fields, present, old = redis.call('PTTL', k), 0, {}, {}, {}
if first then
  before = tonumber(redis.call('ZSCORE', k, 's'))
  for i = 3, #ARGV, 2 do fields[#fields + 1] = 'e' .. ARGV[i] end
  if #fields > 0 then present = redis.call('HMGET', places, unpack(fields)) end
  -- A few that may be over, from a place that the clock draws.
  local from, count = 0, redis.call('ZCARD', k)
  if count > 8 then from = now % (count - 7) end
  old = redis.call('ZRANGE', k, from, from + 7)
else
  for i = 3, #ARGV, 2 do fields[#fields + 1] = 'e' .. ARGV[i] end
end

local function over(member)
  return unpackn('>I8', member, 11 + string.byte(member, 2)) <= now
end

local seq, longest, wrote = before, 0, 0
if not first then
  first = 'i' .. ARGV[2]
  redis.call('DEL', places)
  redis.call('ZADD', k, 0, first, 0, 's')
  wrote = 1
end
for _, member in ipairs(old) do
  if sub(member, 1, 1) == 'e' and over(member) then
    redis.call('ZREM', k, member)
    wrote = 1
    redis.call('HDEL', places, 'e' .. sub(member, 3, 2 + string.byte(member, 2)))
  end
end
for i, field in ipairs(fields) do
  local was, value = present[i], ARGV[2 * i + 2]
  if not was or over(was) or unpackn('>I8', was, 3 + string.byte(was, 2)) < unpackn('>I8', value) then
    local life = unpackn('>I8', value, 9)
    local member = 'e' .. string.char(#field - 1) .. sub(field, 2) .. sub(value, 1, 8) .. struct.pack('>I8', now + life) .. sub(value, 17)
    seq = seq + 1
    longest = math.max(longest, life)
    if was then redis.call('ZREM', k, was) end
    redis.call('ZADD', k, seq, member)
    redis.call('HSET', places, field, member)
  end
end
if seq > before then
  redis.call('ZADD', k, seq, 's')
  wrote = 1
end
local life = math.max(tonumber(ARGV[1]), longest)
-- One that is made for ever has no life, so that no policy which evicts keys with a life can choose it.
if left ~= -1 and (left >= 0 or life < 9e14) and left < math.max(longest, life / 2) then
  redis.call('PEXPIRE', k, life)
  redis.call('PEXPIRE', places, life)
  wrote = 1
end
redis.call('EXISTS', k) -- Begins tracking anew; see commit.lua.
return { sub(first, 2), before, seq, wrote }
