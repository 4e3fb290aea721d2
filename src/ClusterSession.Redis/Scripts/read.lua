-- Reads a session, unless the caller has the stored version. KEYS[1] the session. ARGV: 1 the
-- version that the caller has (zeros: none).
-- Answers the remaining life in ms, if the caller has the stored version and that is no end. Else
-- answers what HGETALL does, and behind it the remaining life (-1: without end), if there is
-- anything.
--@offsets
local k = KEYS[1]
local m = redis.call('HGET', k, 'm')
if m and string.sub(m, VERSION, VERSION + 12) == ARGV[1] and string.byte(m, 2) % 2 == 0 then return redis.call('PTTL', k) end
local all = redis.call('HGETALL', k)
if #all > 0 then all[#all + 1] = redis.call('PTTL', k) end
return all
