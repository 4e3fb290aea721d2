-- Applies one commit. KEYS[1] the session. ARGV: 1 version, with a '=' behind it if nothing but the base itself may be changed, 2 life in ms, 3 least life, 4 base, 5 number n of fields to set, then n pairs, then fields whose
-- tombstones are to be forgotten. What somebody has set or removed after the base is not forgotten.
-- Answers 'C' and the version it was applied to, or 'B' if that record does not contain the base; 'M' no record; 'D' ended, with the version of the end and the successor, if there is one; 'S' and the stored version, which is not older, or not the base.
local k = KEYS[1]
local m = redis.call('HGET', k, 'm')
if not m then return 'M' end
if string.byte(m, 2) % 2 == 1 then return 'D' .. string.sub(m, 12, 24) .. (redis.call('HGET', k, 's') or '') end
local v, count = string.sub(ARGV[1], 1, 13), string.byte(m, 11)
local current = string.sub(m, 12, 24)
if struct.unpack('>I7', current) >= struct.unpack('>I7', v) then
  for i = 0, count - 1 do -- Applied before, and its answer lost?
    if string.sub(m, 12 + 13 * i, 24 + 13 * i) == v then
      -- If others have followed, the caller's base and change are not what is stored: it must not take them for that.
      return 'C' .. (i == 0 and string.sub(m, 25, 37) or current)
    end
  end
  return 'S' .. current
end
if #ARGV[1] > 13 and current ~= ARGV[4] then return 'S' .. current end
local recent, floors = string.sub(m, 12, 11 + 13 * math.min(count, 8)), string.sub(m, 116)
if count >= 8 then -- The oldest of the recent commits goes to the floors, in place of an earlier one of the same writer.
  local oldest = string.sub(recent, 92)
  for i = 1, #floors, 13 do
    if string.sub(floors, i + 7, i + 12) == string.sub(oldest, 8) then
      floors = string.sub(floors, 1, i - 1) .. string.sub(floors, i + 13)
      break
    end
  end
  recent, floors = string.sub(recent, 1, 91), oldest .. string.sub(floors, 1, 91)
end
local header = string.sub(m, 1, 10) .. string.char((#recent + #floors) / 13 + 1) .. v .. recent .. floors
local last = 5 + 2 * tonumber(ARGV[5])
local bs, bw = struct.unpack('>I7I6', ARGV[4])
for i = last + 1, #ARGV do
  local a = redis.call('HGET', k, ARGV[i])
  if a and string.byte(a, 14) % 2 == 1 then
    local s, w = struct.unpack('>I7I6', a)
    if s < bs or (s == bs and w <= bw) then redis.call('HDEL', k, ARGV[i]) end
  end
end
redis.call('HSET', k, 'm', header, unpack(ARGV, 6, math.min(2005, last)))
for i = 2006, last, 2000 do redis.call('HSET', k, unpack(ARGV, i, math.min(i + 1999, last))) end
-- A connection's own write ends its tracking of the key; a read after it begins it anew. PTTL is one, and mostly shows that the session lives long enough
-- already: then one command less is executed here and on each replica.
if redis.call('PTTL', k) < tonumber(ARGV[3]) then
  redis.call('PEXPIRE', k, ARGV[2])
  redis.call('EXISTS', k)
end
if current == ARGV[4] then return 'C' .. current end
local contained = false -- SessionRecord.Contains says why so.
for i = 0, count - 1 do
  local s, w = struct.unpack('>I7I6', m, 12 + 13 * i)
  contained = contained or (s == bs and w == bw) or (i >= 8 and s > bs and w == bw) or (i == 15 and (s > bs or (s == bs and w > bw)))
end
return (contained and 'C' or 'B') .. current
