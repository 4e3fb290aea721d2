-- Counts some keys. ARGV: 1 cursor of SCAN, 2 what the application's keys begin with, 3 about how many, 4 how many names of
-- foreign keys at most. Answers the next cursor ('0': there are no more), the number of sessions, that of keys which are not
-- the application's, the names of documents, and names of foreign keys.
local prefix, sub = ARGV[2], string.sub
local page = redis.call('SCAN', ARGV[1], 'COUNT', ARGV[3])
local sessions, foreign, documents, names = 0, 0, {}, {}
for _, k in ipairs(page[2]) do
  local rest = sub(k, 1, #prefix) == prefix and sub(k, #prefix + 1) or ''
  if #rest == 24 and sub(rest, 1, 1) == '{' and sub(rest, 24) == '}' then
    sessions = sessions + 1
  elseif sub(rest, 1, 10) == 'document:{' and sub(rest, -1) == '}' then
    documents[#documents + 1] = sub(rest, 11, -2)
  elseif not (sub(rest, 1, 10) == 'document:{' and sub(rest, -4) == '}:at') and rest ~= 'lease'
    and sub(rest, 1, 7) ~= 'shared:' and sub(rest, 1, 6) ~= 'probe:' and sub(rest, 1, 6) ~= 'alive:' then
    foreign = foreign + 1
    if #names < tonumber(ARGV[4]) then names[#names + 1] = sub(k, 1, 100) end
  end
end
return { page[1], sessions, foreign, documents, names }
