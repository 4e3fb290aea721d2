-- Applies one commit. KEYS[1] the session. ARGV: 1 version, 2 life in ms, 3 number n of fields to set, then n pairs, then fields to delete.
-- Answers 'C' and the version it was applied to; 'M' no record; 'D' ended; 'S' and the stored version, which is not older.
local k = KEYS[1]
local m = redis.call('HGET', k, 'm')
if not m then return 'M' end
if string.byte(m, 2) % 2 == 1 then return 'D' end
local v, count = ARGV[1], string.byte(m, 11)
local current = string.sub(m, 12, 24)
if struct.unpack('>I7', current) >= struct.unpack('>I7', v) then
  for i = 0, count - 1 do -- Applied before, and its answer lost?
    if string.sub(m, 12 + 13 * i, 24 + 13 * i) == v then return 'C' .. string.sub(m, 25 + 13 * i, 37 + 13 * i) end
  end
  return 'S' .. current
end
local kept = math.min(count, 7)
redis.call('HSET', k, 'm', string.sub(m, 1, 10) .. string.char(kept + 1) .. v .. string.sub(m, 12, 11 + 13 * kept))
local last = 3 + 2 * tonumber(ARGV[3])
for i = 4, last, 2000 do redis.call('HSET', k, unpack(ARGV, i, math.min(i + 1999, last))) end
for i = last + 1, #ARGV, 2000 do redis.call('HDEL', k, unpack(ARGV, i, math.min(i + 1999, #ARGV))) end
redis.call('PEXPIRE', k, ARGV[2])
redis.call('EXISTS', k) -- A connection's own write ends its tracking of the key; a read after it begins it anew.
return 'C' .. current
