-- Ends a session. KEYS[1] the session. ARGV: 1 version of the end, 2 life of the tombstone in ms, 3 the version it must have (zeros: any),
-- 4 the mark of the key, 5 the key under which it goes on, if there is one.
-- Answers 'C' and the version it had (zeros: none), 'R' and zeros if this very end was there already,
-- 'S' and the stored version, if that is not the one it must be;
-- or 'D', the version of the end, its mark and the successor, if there is one, if another version has ended it before.
--@offsets
local k = KEYS[1]
local m = redis.pcall('HGET', k, 'm')
if type(m) ~= 'string' or #m < VERSION + 13 or string.byte(m) < 1 or string.byte(m) > 2 or string.byte(m, VERSION) > 31 then
  m = nil -- Damaged: nothing of it counts, and it ends as if nothing were there.
end
local created, previous = string.rep('\0', 8), string.rep('\0', 13)
if m then
  local at = string.byte(m) == 1 and 12 or VERSION -- Format 1 had a length before it.
  created, previous = string.sub(m, 3, 10), string.sub(m, at, at + 12)
  if string.byte(m, 2) % 2 == 1 then
    local mark = redis.call('HGET', k, 'k') or ARGV[4] -- An earlier release wrote none.
    if mark == ARGV[4] then
      return previous == ARGV[1] and 'R' .. string.rep('\0', 13) or 'D' .. previous .. mark .. (redis.call('HGET', k, 's') or '')
    end
    previous = string.rep('\0', 13) -- The end of another session, copied here: this one has not ended yet.
  elseif previous ~= ARGV[3] and ARGV[3] ~= string.rep('\0', 13) then return 'S' .. previous end
end
redis.call('DEL', k)
redis.call('HSET', k, 'm', '\2\1' .. created .. ARGV[1] .. string.rep('\0', 21), 'k', ARGV[4])
if ARGV[5] then redis.call('HSET', k, 's', ARGV[5]) end
redis.call('PEXPIRE', k, ARGV[2])
redis.call('EXISTS', k) -- Begins tracking anew; see commit.lua.
return 'C' .. previous
