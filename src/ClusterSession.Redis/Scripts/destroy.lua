-- Ends a session. KEYS[1] the session. ARGV: 1 version of the end, 2 life of the tombstone in ms.
-- Answers 'C' and the version it had (zeros: none), or 'D' if another version has ended it before.
local k = KEYS[1]
local m = redis.call('HGET', k, 'm')
local created, previous = string.rep('\0', 8), string.rep('\0', 13)
if m then
  created, previous = string.sub(m, 3, 10), string.sub(m, 12, 24)
  if string.byte(m, 2) % 2 == 1 then return previous == ARGV[1] and 'C' .. string.rep('\0', 13) or 'D' end
end
redis.call('DEL', k)
redis.call('HSET', k, 'm', '\1\1' .. created .. '\1' .. ARGV[1])
redis.call('PEXPIRE', k, ARGV[2])
redis.call('EXISTS', k) -- Begins tracking anew; see commit.lua.
return 'C' .. previous
