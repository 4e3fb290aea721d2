-- Merges a copy. KEYS[1] is the session.
--
-- ARGV[1]      mode: c create, r restore, a amend, p amend with some attributes only
-- ARGV[2]      the interval of the version that the record gets if it changes, and behind it the
--              intervals in which the writer of that version has committed nothing
-- ARGV[3]      life in ms
-- ARGV[4]      the copy's header
-- ARGV[5]      for modes a and p the version that the record must contain
-- ARGV[6]      in one argument; by bytes:
--    0  8      the mark of the key
--    8  4      how long the reply may be that reads the record
-- ARGV[7..]    pairs of field and value
--
-- Answers:
--   C version  merged into that version (zeros: there was none)
--   U version  nothing was new; the stored version
--   W version  as U, but the life was written: prolonged, or in mode c as it was
--   M          no record, or one that lacks what the copy is an addition to
--   D ...      ended: the version of the end, the mark of its key (zeros: none), and the successor,
--              if there is one
--   S version  not merged: the stored version is not older
--   X          not merged: the key is that of another session
--   L          not merged: the record would be too long to be read
--@offsets
--@functions
local FRAME = 14 -- of a string in a reply: its length, in digits, and two ends of line
local k, mode, life, header, sub = KEYS[1], ARGV[1], ARGV[3], ARGV[4], string.sub
local m = redis.call('HGET', k, 'm')
local mark, most = sub(ARGV[6], 1, 8), unpacked('>I4', ARGV[6], 9)
local left = m and redis.call('PTTL', k) or -1

local function put(list)
  in_parts('HSET', k, list)
  -- Never shorter: another node may have prolonged it later, or for longer.
  if left < tonumber(life) then redis.call('PEXPIRE', k, life) end
  redis.call('EXISTS', k) -- Begins tracking anew; see commit.lua.
end

if not m then
  if mode == 'a' or mode == 'p' then return 'M' end
  local fields, size = { 'm', header, 'k', mark }, 0
  for i = 7, #ARGV do
    fields[i - 2] = ARGV[i]
    size = size + #ARGV[i] + FRAME
  end
  if size > most then return 'L' end
  put(fields)
  return 'C' .. NONE
end
m = upgraded(m)
if byte(m, 2) % 2 == 1 then return ended(k, m) end
local current, theirs = sub(m, VERSION, VERSION + 12), sub(header, VERSION, VERSION + 12)
if mode == 'c' and not contains(m, theirs) then return 'X' end
if (mode == 'a' or mode == 'p') and not contains(m, ARGV[5]) then return 'M' end

-- Whether a record (by: its header) has seen and removed a value that it has not got, or has seen
-- and dropped a tombstone. For a tombstone: contains the commit that made it, and recognises what
-- it has removed (2 and 4 of "A merge drops a tombstone" in docs/wire-formats.md; the callers test
-- 1 and 3). Where neither record has dropped tombstones, this is not asked: each removal still has
-- its tombstone. A tombstone of the stored record may go in this very merge, because the copy has
-- dropped it: what it kept out must not come in then.
local function removed(by, value)
  local written, upto = sub(value, 1, 13), stamp(by, FORGOTTEN)
  if byte(value, 14) % 2 == 0 then return stamp(written) <= upto or contains(by, written) end
  -- Here the forgotten stamp does not stand in for the commit: a record (by) that has never seen
  -- the tombstone may still have the value. Nor does a tombstone count that does not name what it
  -- removed.
  return #value >= 27 and contains(by, written) and (stamp(value, 15) <= upto or contains(by, sub(value, 15, 27)))
end

local changed, gone, named = {}, {}, {}
local mine_dropped, theirs_dropped = byte(m, MARKS) % 2 == 1, mode ~= 'p' and byte(header, MARKS) % 2 == 1
local either_dropped = mine_dropped or theirs_dropped
for first = 7, #ARGV, 2000 do
  local upto, names = math.min(first + 1999, #ARGV), {}
  for i = first, upto, 2 do
    names[#names + 1] = ARGV[i]
    named[ARGV[i]] = true
  end
  local stored = redis.call('HMGET', k, unpack(names))
  for n, name in ipairs(names) do
    local value = ARGV[first + 2 * n - 1]
    local mine = stored[n]
    local differs = not mine or sub(mine, 1, 13) ~= sub(value, 1, 13)
    local mine_is_gone = mine and differs and mode ~= 'p' and either_dropped and removed(header, mine)
    if differs and (mine_dropped or mine and theirs_dropped) and removed(m, value) then
      if mine_is_gone then gone[#gone + 1] = name end
    elseif mine_is_gone or not mine or newer(value, mine) then
      changed[#changed + 1] = name
      changed[#changed + 1] = value
    end
  end
end
if theirs_dropped then
  local all = redis.call('HGETALL', k)
  for i = 1, #all, 2 do
    if byte(all[i]) == 97 and not named[all[i]] and removed(header, all[i + 1]) then gone[#gone + 1] = all[i] end -- a<name>
  end
end
local flags = bit.bor(byte(m, 2), byte(header, 2))
local created = sub(m, 3, 10)
if unpacked('>I8', header, 3) < unpacked('>I8', created) then created = sub(header, 3, 10) end
local marks = bit.bor(byte(m, MARKS), byte(header, MARKS))
local list = add(add({}, m, INTERVALS), header, INTERVALS)
local intervals, lost = normalized(list)
local forgotten = marks % 2 == 1 and math.max(stamp(m, FORGOTTEN), stamp(header, FORGOTTEN), lost) or 0
local same = #changed == 0 and #gone == 0 and flags == byte(m, 2) and created == sub(m, 3, 10) and intervals == sub(m, INTERVALS)
if same and marks == byte(m, MARKS) and forgotten == stamp(m, FORGOTTEN) then
  -- The node that merges the same again may have used the session later. Mode c writes the life in
  -- any case: the WAIT behind a repeated creation is to wait for the first creation, and since
  -- Redis 7.2 WAIT waits only for writes of its own connection.
  if mode == 'c' or left < tonumber(life) then
    redis.call('PEXPIRE', k, left < tonumber(life) and life or left)
    redis.call('EXISTS', k)
    return 'W' .. current
  end
  return 'U' .. current
end
local v = sub(ARGV[2], 8, 20)
if stamp(current) >= stamp(v) then return 'S' .. current end

-- A merge takes a session larger than MaxSessionBytes too, because what the copy brings was
-- acknowledged. But the record must not become so long that nobody can read it: then the copy is
-- not merged. The bytes are counted as in commit.lua.
if #changed > 0 then
  local added, unsummed = 0, (marks - marks % 2) / 2
  for i = 1, #changed do added = added + #changed[i] end
  unsummed = counted(unsummed, added)
  if unsummed > MOST_UNSUMMED then
    local before, after, replaced = 0, added + #changed * FRAME, {}
    for i = 1, #changed, 2 do replaced[changed[i]] = true end
    for i = 1, #gone do replaced[gone[i]] = true end
    for _, field in ipairs(redis.call('HKEYS', k)) do
      local size = #field + redis.call('HSTRLEN', k, field) + 2 * FRAME
      before = before + size
      if not replaced[field] then after = after + size end
    end
    if after > most and after > before then return 'L' end
    unsummed = MOST_UNSUMMED -- It may be more than a commit may add to.
  end
  marks = marks % 2 + 2 * unsummed
end

list = add(add({}, intervals, 1), ARGV[2], 1)
intervals, lost = normalized(list)
if marks % 2 == 1 then forgotten = math.max(forgotten, lost) end
changed[#changed + 1] = 'm'
changed[#changed + 1] = '\2' .. string.char(flags) .. created .. (newer(theirs, v) and theirs or v) .. current .. string.char(marks)
  .. packed('>I7', forgotten) .. intervals
if #gone > 0 then in_parts('HDEL', k, gone) end
put(changed)
return 'C' .. current
