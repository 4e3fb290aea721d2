-- Reads some headers. ARGV: 1 cursor of SCAN, 2 pattern of the keys, 3 about how many, 4 how long a
-- field may be. Answers the next cursor ('0': there are no more), this server's time in ms, and
-- then five values for each session: its key, header, mark, successor (each of the three empty:
-- none, or unreadable or too long) and remaining life in ms (-1: without end). Names no KEYS:
-- nothing of it is to be tracked.
local longest = tonumber(ARGV[4])
local page, t = redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', ARGV[3]), redis.call('TIME')
local found = { page[1], t[1] * 1000 + math.floor(t[2] / 1000) }
for _, k in ipairs(page[2]) do
  local fields, left = redis.pcall('HMGET', k, 'm', 'k', 's'), redis.call('PTTL', k)
  if fields.err then fields = {} end -- No hash.
  if left ~= -2 then
    found[#found + 1] = k
    for i = 1, 3 do found[#found + 1] = fields[i] and #fields[i] <= longest and fields[i] or '' end
    found[#found + 1] = left
  end
end
return found
