-- Applies one commit. KEYS[1] the session. ARGV: 1 version, with a '=' behind it if nothing but the base itself may be changed, 2 life in ms, 3 least life, 4 base, 5 number n of fields to set, then n pairs, then fields whose
-- tombstones are to be forgotten. What somebody has set or removed after the base is not forgotten.
-- Answers 'C' and the version it was applied to, or 'B' if that record does not contain the base; 'M' no record; 'D' ended, with the version of the end, the mark of its key (zeros: none) and the successor, if there is one; 'S' and the stored version, which is not older, or not the base.
-- Each call and each string costs time here, and nearly all commits are to the very record that they were made from.
local k, sub = KEYS[1], string.sub
local m = redis.call('HGET', k, 'm')
if not m then return 'M' end
local v, base, current = sub(ARGV[1], 1, 13), ARGV[4], sub(m, 12, 24)
if string.byte(m, 2) % 2 == 1 then return 'D' .. current .. (redis.call('HGET', k, 'k') or string.rep('\0', 8)) .. (redis.call('HGET', k, 's') or '') end
if struct.unpack('>I7', current) >= struct.unpack('>I7', v) then
  for i = 0, string.byte(m, 11) - 1 do -- Applied before, and its answer lost?
    if sub(m, 12 + 13 * i, 24 + 13 * i) == v then
      -- If others have followed, the caller's base and change are not what is stored: it must not take them for that.
      return 'C' .. (i == 0 and sub(m, 25, 37) or current)
    end
  end
  return 'S' .. current
end
local answer = 'C'
if current ~= base then
  if #ARGV[1] > 13 then return 'S' .. current end
  local contained = false -- SessionRecord.Contains says why so.
  local bs, bw = struct.unpack('>I7I6', base)
  for i = 0, string.byte(m, 11) - 1 do
    local s, w = struct.unpack('>I7I6', m, 12 + 13 * i)
    contained = contained or (s == bs and w == bw) or (i >= 8 and s > bs and w == bw) or (i == 15 and (s > bs or (s == bs and w > bw)))
  end
  if not contained then answer = 'B' end
end
-- The lineage with this commit in front. The eighth becomes the first of the floors, in place of an earlier one of the same writer; else the last
-- of sixteen falls out.
local out, writer = 207, sub(m, 110, 115)
for i = 116, #m, 13 do
  if sub(m, i + 7, i + 12) == writer then
    out = i
    break
  end
end
local header = sub(m, 1, 10) .. string.char(string.byte(m, 11) + (out < #m and 0 or 1)) .. v .. sub(m, 12, out - 1) .. sub(m, out + 13)
local last = 5 + 2 * tonumber(ARGV[5])
for i = last + 1, #ARGV do
  local a = redis.call('HGET', k, ARGV[i])
  if a and string.byte(a, 14) % 2 == 1 then
    local bs, bw = struct.unpack('>I7I6', base)
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
return answer .. current
