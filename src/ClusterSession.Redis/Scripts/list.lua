-- Lists some sessions. ARGV: 1 cursor of SCAN, 2 pattern of the keys, 3 about how many.
-- Answers the next cursor ('0': there are no more), and for each session its key, its version and
-- its remaining life in ms (-1: without end). Names no KEYS: what is read is not to be tracked, and
-- all that this server has is in its own slots.
--@offsets
local page = redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', ARGV[3])
local found = { page[1] }
for _, k in ipairs(page[2]) do
  local m = redis.pcall('HGET', k, 'm')
  if type(m) == 'string' and #m > VERSION + 12 and string.byte(m, 2) % 2 == 0 then
    local at = string.byte(m) == 1 and 12 or VERSION -- Format 1 had a length before it.
    found[#found + 1] = k
    found[#found + 1] = string.sub(m, at, at + 12)
    found[#found + 1] = redis.call('PTTL', k)
  end
end
return found
