-- Applies one commit. KEYS[1] is the session.
--
-- ARGV[1]      version
-- ARGV[2]      base: the version that the request opened
-- ARGV[3]      in one argument, since each costs Redis 950 instructions; by bytes:
--    0  7      life in ms
--    7  7      least life in ms; 0: the life is to be prolonged
--   14  4      how large the record may become, attributes counted with field and value; 0: any
--              size. Not checked if the stored version is the base: the writer has checked that
--   18 13      the version that the writer issued for this session before the present one. Left out
--              if that is the base and nothing follows
--   31  1      options; only where there are any, or intervals: 1 nothing but the base itself may
--              be changed, 2 there is something to forget, 4 the version is not above the base: the
--              versions have to be compared. Nothing tests the 4: that an options byte is there at
--              all (#rest >= 32) turns off the short way below, which compares none
--   32 ..      intervals in which the writer has committed nothing
-- ARGV[4..]    pairs of field and value:
--   empty      the field's tombstone is to be forgotten, if it is no newer than the base
--   13 bytes   the version that is removed: the field goes without a tombstone. Where it cannot,
--              the tombstone names this version
--
-- Answers:
--   A          applied to the base itself
--   C version  applied to that version, which contains the base
--   B version  applied to that version, which does not
--   R version  had been applied before, and was not applied again. Where the record still has the
--              version that was sent: the version before it. Where others have followed: the
--              version of the record, which is greater than the one that was sent
--   M          no record
--   D ...      ended: the version of the end, the 8 bytes of field k, which name the key that it
--              was written under (zeros: none), and the successor, if there is one
--   S version  not applied: the stored version is not older, or is not the base
--   L          not applied: it would become too large
--
-- Nearly all commits are to the very record that they were made from, by a writer whose last commit
-- is in it: then its interval grows, and nothing is parsed. A string made here costs Redis 1,050
-- instructions, a call 6,000.
--
-- Tracking: every script that writes does all its reads, then all its writes, then one read. The
-- first write ends the tracking of the key. Redis pushes one invalidation of the key to the
-- connection that sent the script, right behind the answer. The last read begins the tracking anew.
-- So the answer says whether to swallow a push: here A, B and C say that.
--@offsets
local k, v, base, rest, sub, call = KEYS[1], ARGV[1], ARGV[2], ARGV[3], string.sub, redis.call
local m = call('HGET', k, 'm')
if not m then return 'M' end
local answer, header, gone
local before, fields, from = #rest == 18 and base or sub(rest, 19, 31), ARGV, 4
local life, least, most = struct.unpack('>I7I7I4', rest)
-- No record that has ended fits here: the version of an end is nobody's base.
if #rest < 32 and string.find(m, base, VERSION, true) == VERSION and string.byte(m) == 2 then
  -- The interval that ends with the writer's commit before: its hi and writer are 13 bytes at `at`.
  -- It grows by a new end if it is the last interval, or the next one is another writer's (its lo,
  -- hi and writer are at +13, +20 and +27).
  local at = string.find(m, before, HI, true)
  if at and at + 12 == #m then
    answer = 'A'
    header = sub(m, 1, VERSION - 1) .. v .. base .. sub(m, MARKS, at - 1) .. v
  elseif at and (at - HI) % INTERVAL == 0 and sub(m, at + 27, at + 32) ~= sub(v, 8) then
    answer = 'A'
    header = sub(m, 1, VERSION - 1) .. v .. base .. sub(m, MARKS, at - 1) .. v .. sub(m, at + 13)
  end
end
if not answer then
  --@functions
  if byte(m, 2) % 2 == 1 then return ended(k, upgraded(m)) end
  m = upgraded(m)
  local current = sub(m, VERSION, VERSION + 12)
  local options = byte(rest, 32) or 0
  if stamp(current) >= stamp(v) then
    if v == current then return 'R' .. sub(m, PREVIOUS, PREVIOUS + 12) end -- Applied before, and its answer lost.
    -- If others have followed, the caller's base and change are not what is stored: it must not
    -- take them for that.
    return (contains(m, v) and 'R' or 'S') .. current
  end
  if current ~= base and options % 2 == 1 then return 'S' .. current end
  local contained = current == base or contains(m, base)
  answer = (contained and 'C' or 'B') .. current
  local marks, forgotten = byte(m, MARKS), stamp(m, FORGOTTEN)
  if options % 4 >= 2 then
    -- Whether the value with this version, coming back in an older copy, is known to have been here
    -- though its tombstone is gone.
    local function known(value) return stamp(value) <= forgotten or contains(m, value) end
    fields, from = {}, 1
    for i = 4, #ARGV, 2 do
      local value = ARGV[i + 1]
      local forgets, drops = value == '', #value == 13
      if contained and (forgets or drops) then
        local a = redis.call('HGET', k, ARGV[i])
        local is_tombstone = a and byte(a, 14) % 2 == 1
        -- Without the tombstone only the intervals, or the stamp below which some were forgotten,
        -- say that the removed value was here. So it goes only if they cover that value's version.
        local droppable = not a or (is_tombstone and #a >= 27 and known(sub(a, 15, 27)))
          or (not is_tombstone and known(sub(a, 1, 13)))
        if forgets then
          droppable = droppable and is_tombstone and not newer(a, base)
        else
          droppable = droppable and known(value)
        end
        if droppable then
          gone = gone or {}
          gone[#gone + 1] = ARGV[i]
          marks = bit.bor(marks, 1)
          drops = false
          forgets = true
        end
      end
      if not forgets then
        fields[#fields + 1] = ARGV[i]
        fields[#fields + 1] = drops and v .. '\1' .. value or value
      end
    end
  end
  -- The writer has not checked the size on this record. So the bytes are added to a count in the
  -- marks. Before the count reaches 64 KiB, the whole record is measured.
  if most > 0 and current ~= base then
    local added, unsummed = 0, (marks - marks % 2) / 2
    for i = from, #fields, 2 do added = added + #fields[i] + #fields[i + 1] end
    unsummed = counted(unsummed, added)
    if unsummed > MOST_UNSUMMED then
      local function size(field)
        local length = redis.call('HSTRLEN', k, field)
        local may_be_tombstone = length == 14 or length == 27
        if length == 0 or (may_be_tombstone and byte(redis.call('HGET', k, field), 14) % 2 == 1) then return 0 end
        return #field + length
      end
      local grown = 0
      for i = from, #fields, 2 do
        local value = fields[i + 1]
        grown = grown - size(fields[i]) + (byte(value, 14) % 2 == 1 and 0 or #fields[i] + #value)
      end
      if grown > 0 then
        local all = grown
        for _, field in ipairs(redis.call('HKEYS', k)) do
          if byte(field) == 97 then all = all + size(field) end -- a<name>
        end
        if all > most then return 'L' end
        unsummed = 0
      else
        unsummed = MOST_UNSUMMED
      end
    end
    marks = marks % 2 + 2 * unsummed
  end
  local list = add({}, m, INTERVALS)
  local hi, writer = unpacked('>I7I6', v)
  list[#list + 1] = { stamp(before), hi, writer }
  add(list, rest, 33)
  local intervals, lost = normalized(list)
  if marks % 2 == 1 then forgotten = math.max(forgotten, lost) else forgotten = 0 end
  header = '\2' .. sub(m, 2, VERSION - 1) .. v .. current .. string.char(marks) .. packed('>I7', forgotten) .. intervals
end
-- The caller knows roughly when a prolongation is due. If it is, PTTL comes before the write; else
-- PTTL is the one read after it, and may find that the life is too short all the same (restored
-- with little, or clocks apart): then there is a second push, which costs a read.
local prolongs = least == 0
local left = prolongs and call('PTTL', k)
if gone then
  for i = 1, #gone do call('HDEL', k, gone[i]) end
end
if #fields - from < 2000 then
  call('HSET', k, 'm', header, unpack(fields, from))
else
  redis.call('HSET', k, 'm', header)
  for i = from, #fields, 2000 do redis.call('HSET', k, unpack(fields, i, math.min(i + 1999, #fields))) end
end
left = left or call('PTTL', k)
if left < (prolongs and life or least) then
  call('PEXPIRE', k, life)
  call('EXISTS', k)
elseif prolongs then
  call('EXISTS', k)
end
return answer
