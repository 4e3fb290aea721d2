-- Prolongs a session, unless its remaining life is at least the least life: another node may have
-- prolonged it, and PEXPIRE makes every node read it anew.
-- KEYS[1] the session. ARGV: 1 life in ms, 2 least life in ms.
-- Answers 'T' and the version (prolonged), 'K' and the version (kept as it is), 'M' (no record), or
-- 'D' (ended).
--@offsets
local m = redis.call('HGET', KEYS[1], 'm')
if not m then return 'M' end
if string.byte(m, 2) % 2 == 1 then return 'D' end
local version = string.sub(m, VERSION, VERSION + 12)
if redis.call('PTTL', KEYS[1]) >= tonumber(ARGV[2]) then return 'K' .. version end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
redis.call('EXISTS', KEYS[1]) -- Begins tracking anew; see commit.lua.
return 'T' .. version
