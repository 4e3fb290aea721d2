-- Reads a session unless it is known. KEYS[1] the session. ARGV: 1 the version the caller has. Answers 'U', or what HGETALL answers.
local m = redis.call('HGET', KEYS[1], 'm')
if m and string.sub(m, 12, 24) == ARGV[1] and string.byte(m, 2) % 2 == 0 then return 'U' end
return redis.call('HGETALL', KEYS[1])
