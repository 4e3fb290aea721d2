local byte, unpacked, packed, NONE = string.byte, struct.unpack, struct.pack, string.rep('\0', 13)
local MAX_PER_WRITER, MAX_WRITERS, MOST_UNSUMMED = 16, 128, 127

local function stamp(s, at) return (unpacked('>I7', s, at or 1)) end

-- Compared as numbers: Lua compares strings by the server's locale.
local function newer(a, b)
  local as, aw = unpacked('>I7I6', a)
  local bs, bw = unpacked('>I7I6', b)
  return as > bs or (as == bs and aw > bw)
end

-- Whether the record is known to contain the commit.
local function contains(m, v)
  if v == NONE or v == string.sub(m, VERSION, VERSION + 12) then return true end
  local s, writer = stamp(v), string.sub(v, 8)
  local at = string.find(m, writer, HI + 7, true)
  while at do
    local from = at - 14
    if (from - INTERVALS) % INTERVAL == 0 and stamp(m, from) < s and s <= stamp(m, from + 7) then return true end
    at = string.find(m, writer, at + 1, true)
  end
  return false
end

local function add(list, m, from)
  for i = from, #m, INTERVAL do
    local lo, hi, writer = unpacked('>I7I7I6', m, i)
    list[#list + 1] = { lo, hi, writer }
  end
  return list
end

-- Returns the intervals as bytes, ascending by writer and lo: those that touch are fused, and of
-- those that are too many the lowest are forgotten. Also returns the highest stamp of a forgotten
-- interval; 0: none.
local function normalized(list)
  table.sort(list, function(a, b) return a[3] < b[3] or (a[3] == b[3] and a[1] < b[1]) end)
  local fused = {}
  for _, next in ipairs(list) do
    local last = fused[#fused]
    if last and last[3] == next[3] and next[1] <= last[2] then
      last[2] = math.max(last[2], next[2])
    else
      fused[#fused + 1] = { next[1], next[2], next[3] }
    end
  end
  local kept, newest, forgotten = {}, {}, 0
  for i, one in ipairs(fused) do
    local later = fused[i + MAX_PER_WRITER]
    if later and later[3] == one[3] then
      forgotten = math.max(forgotten, one[2])
    else
      kept[#kept + 1] = one
      if not fused[i + 1] or fused[i + 1][3] ~= one[3] then newest[#newest + 1] = one end
    end
  end
  local lowest = {}
  if #newest > MAX_WRITERS then
    table.sort(newest, function(a, b) return a[2] < b[2] or (a[2] == b[2] and a[3] < b[3]) end)
    for i = 1, #newest - MAX_WRITERS do
      lowest[newest[i][3]] = true
      forgotten = math.max(forgotten, newest[i][2])
    end
  end
  local bytes = {}
  for _, one in ipairs(kept) do
    if not lowest[one[3]] then bytes[#bytes + 1] = packed('>I7I7I6', one[1], one[2], one[3]) end
  end
  return table.concat(bytes), forgotten
end

-- A coarse count of the bytes that were added since the record was last summed up (7 bits of the
-- marks). Its unit is 512 bytes: each addition counts its whole units, and one more.
local function counted(unsummed, bytes) return unsummed + 1 + math.floor(bytes / 512) end

-- A header of format 1 named up to 16 commits, newest first: those alone are certain.
local function upgraded(m)
  local format = byte(m)
  if format == 2 then return m end
  if format ~= 1 then error('a record of another release: format ' .. tostring(format)) end
  local list = {}
  for i = 12, #m, 13 do
    local hi, writer = unpacked('>I7I6', m, i)
    list[#list + 1] = { hi - 1, hi, writer }
  end
  local previous = #m > 24 and string.sub(m, 25, 37) or NONE
  return '\2' .. string.sub(m, 2, 10) .. string.sub(m, 12, 24) .. previous .. string.rep('\0', 8) .. (normalized(list))
end

local function ended(k, m)
  return 'D' .. string.sub(m, VERSION, VERSION + 12) .. (redis.call('HGET', k, 'k') or string.rep('\0', 8)) .. (redis.call('HGET', k, 's') or '')
end

local function in_parts(command, k, list)
  for i = 1, #list, 2000 do redis.call(command, k, unpack(list, i, math.min(i + 1999, #list))) end
end
