-- Applies one commit. KEYS[1] the session. ARGV: 1 version, 2 the version that its writer issued
-- before for this session, and behind it intervals in which that has committed nothing, 3 life in
-- ms, 4 least life (empty: it is to be prolonged), 5 base, 6 options ('=' nothing but the base itself may be changed, 'f' there is
-- something to forget, 's' the version may be too old), then pairs of field and value; an empty
-- value: the field's tombstone is to be forgotten, if the base or an earlier one has made it.
-- Answers 'C' and the version it was applied to, or 'B' if that record does not contain the base;
-- 'R' and that version, or the stored one if others have followed: it had been applied before;
-- 'M' no record; 'D' ended, with the version of the end, the mark of its key (zeros: none) and the
-- successor, if there is one; 'S' and the stored version, which is not older, or not the base. Each
-- call and each string costs time here, and nearly all commits are to the very record that they
-- were made from, by a writer whose last commit is in it: then its interval grows, and nothing is
-- parsed.
-- Tracking: every script that writes does all its reads, then all its writes, then one read. The
-- first write ends the tracking of the key, and its connection is pushed that once, right behind the
-- answer; the read begins it anew. So the answer says whether to swallow a push ('C' and 'B' here).
--@offsets
local k, v, sub, call = KEYS[1], ARGV[1], string.sub, redis.call
local m = call('HGET', k, 'm')
if not m then return 'M' end
local answer, header, gone
local current, fields = sub(m, VERSION, VERSION + 12), ARGV
local from = 7
if current == ARGV[5] and ARGV[6] == '' and string.byte(m) == 2 then -- The version of an end is nobody's base.
  local at = string.find(m, ARGV[2], HI, true)
  if at and (at - HI) % INTERVAL == 0 and (at + 12 == #m or sub(m, at + 27, at + 32) ~= sub(v, 8)) then
    answer = 'C'
    header = sub(m, 1, VERSION - 1) .. v .. current .. sub(m, MARKS, at - 1) .. v .. sub(m, at + 13)
  end
end
if not answer then
  --@functions
  if byte(m, 2) % 2 == 1 then return ended(k, upgraded(m)) end
  m = upgraded(m)
  current = sub(m, VERSION, VERSION + 12)
  if stamp(current) >= stamp(v) then
    if v == current then return 'R' .. sub(m, PREVIOUS, PREVIOUS + 12) end -- Applied before, and its answer lost.
    -- If others have followed, the caller's base and change are not what is stored: it must not
    -- take them for that.
    return (contains(m, v) and 'R' or 'S') .. current
  end
  if current ~= ARGV[5] and string.find(ARGV[6], '=', 1, true) then return 'S' .. current end
  answer = (current == ARGV[5] or contains(m, ARGV[5])) and 'C' or 'B'
  local marks, forgotten = byte(m, MARKS), stamp(m, FORGOTTEN)
  if string.find(ARGV[6], 'f', 1, true) then
    fields, from = {}, 1
    for i = 7, #ARGV, 2 do
      if ARGV[i + 1] ~= '' then
        fields[#fields + 1] = ARGV[i]
        fields[#fields + 1] = ARGV[i + 1]
      elseif answer == 'C' then
        local a = redis.call('HGET', k, ARGV[i])
        -- What was removed must be among the commits, which from now on say so in the tombstone's
        -- place.
        if a and byte(a, 14) % 2 == 1 and #a >= 27 and not newer(a, ARGV[5]) and contains(m, sub(a, 15, 27)) then
          gone = gone or {}
          gone[#gone + 1] = ARGV[i]
          marks = bit.bor(marks, 1)
        end
      end
    end
  end
  local list = add({}, m, INTERVALS)
  local hi, writer = unpacked('>I7I6', v)
  list[#list + 1] = { stamp(ARGV[2]), hi, writer }
  add(list, ARGV[2], 14)
  local intervals, lost = normalized(list)
  if marks % 2 == 1 then forgotten = math.max(forgotten, lost) else forgotten = 0 end
  header = '\2' .. sub(m, 2, VERSION - 1) .. v .. current .. string.char(marks) .. packed('>I7', forgotten) .. intervals
end
-- Whoever commits knows about when the life is to be prolonged: then it is asked for before the
-- write, else the question is the read after it. It may find that the life is too short all the same
-- (restored with little, or clocks apart): then there is a second push, which costs a read.
local prolongs = ARGV[4] == ''
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
if left < tonumber(prolongs and ARGV[3] or ARGV[4]) then
  call('PEXPIRE', k, ARGV[3])
  call('EXISTS', k)
elseif prolongs then
  call('EXISTS', k)
end
return answer .. current
