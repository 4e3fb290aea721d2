-- Reads what was changed in a document. KEYS[1] the document; see document-merge.lua. ARGV: 1 the incarnation that is known, 2 the number of the
-- last change that is, 3 how many at most. Answers nothing if there is no document; else incarnation, the number after which the answer begins, that up
-- to which it goes, that of the last change, this server's time in ms, and the members.
local k = KEYS[1]
local first = redis.call('ZRANGE', k, 0, 0)[1]
if not first then return {} end
local seq, since, t = tonumber(redis.call('ZSCORE', k, 's')), tonumber(ARGV[2]), redis.call('TIME')
if string.sub(first, 2) ~= ARGV[1] or since > seq then since = 0 end
local found = redis.call('ZRANGEBYSCORE', k, '(' .. since, '+inf', 'LIMIT', 0, ARGV[3])
local reached = seq
if #found == tonumber(ARGV[3]) then reached = tonumber(redis.call('ZSCORE', k, found[#found])) end
return { string.sub(first, 2), since, reached, seq, t[1] * 1000 + math.floor(t[2] / 1000), unpack(found) }
