-- Prolongs a session. KEYS[1] the session. ARGV: 1 life in ms. Answers 'T', 'M' no record, or 'D' ended.
local m = redis.call('HGET', KEYS[1], 'm')
if not m then return 'M' end
if string.byte(m, 2) % 2 == 1 then return 'D' end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
redis.call('EXISTS', KEYS[1]) -- Begins tracking anew; see commit.lua.
return 'T'
