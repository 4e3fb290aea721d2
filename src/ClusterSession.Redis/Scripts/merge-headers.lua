-- Reads the headers of certain sessions. KEYS: the sessions. ARGV: 1 how long a field may be.
-- Answers this server's time in ms, and then four values for each session: header, mark, successor
-- (each empty: there is none, or it is unreadable or too long) and remaining life in ms (-1:
-- without end, -2: there is no such key).
local t, longest = redis.call('TIME'), tonumber(ARGV[1])
local found = { t[1] * 1000 + math.floor(t[2] / 1000) }
for _, k in ipairs(KEYS) do
  local fields = redis.pcall('HMGET', k, 'm', 'k', 's')
  if fields.err then fields = {} end -- No hash.
  for i = 1, 3 do found[#found + 1] = fields[i] and #fields[i] <= longest and fields[i] or '' end
  found[#found + 1] = redis.call('PTTL', k)
end
return found
