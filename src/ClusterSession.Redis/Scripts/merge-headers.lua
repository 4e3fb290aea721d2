-- Reads the headers of certain sessions. KEYS: the sessions. Answers this server's time in ms, and of each header (empty: there
-- is none, or it is unreadable) and remaining life in ms (-1: without end, -2: there is no such key).
local t = redis.call('TIME')
local found = { t[1] * 1000 + math.floor(t[2] / 1000) }
for _, k in ipairs(KEYS) do
  local m = redis.pcall('HGET', k, 'm')
  found[#found + 1] = type(m) == 'string' and m or ''
  found[#found + 1] = redis.call('PTTL', k)
end
return found
