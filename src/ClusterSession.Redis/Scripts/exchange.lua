-- Replaces a small shared value. KEYS[1] its key. ARGV: 1 the new value, 2 the value it must have; without 2 it must not exist.
-- Answers the value that is stored afterwards.
local stored = redis.call('GET', KEYS[1])
if stored == (ARGV[2] or false) then
  redis.call('SET', KEYS[1], ARGV[1])
  redis.call('EXISTS', KEYS[1]) -- Begins tracking anew; see commit.lua.
  return ARGV[1]
end
return stored
