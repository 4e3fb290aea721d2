-- Merges a copy. KEYS[1] the session. ARGV: 1 mode (c create, r restore, a amend), 2 version if the record changes, 3 life in ms,
-- 4 the copy's header, 5 for mode a the version that the record must contain, 6 the mark of the key, then pairs of field and value.
-- Answers 'C' and the version it was merged into (zeros: none); 'U' and the stored version, nothing was new; 'M' no record, or one
-- that lacks what the copy is an addition to; 'D' ended, with the version of the end, the mark of its key (zeros: none) and the successor, if there is one; 'S' and version; 'X' collision.
local k, mode, v, life, header = KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local m = redis.call('HGET', k, 'm')

local function put(from)
  for i = 1, #from, 2000 do redis.call('HSET', k, unpack(from, i, math.min(i + 1999, #from))) end
  -- Never shorter: another node may have prolonged it later, or for longer.
  if not m or redis.call('PTTL', k) < tonumber(life) then redis.call('PEXPIRE', k, life) end
  redis.call('EXISTS', k) -- Begins tracking anew; see commit.lua.
end

if not m then
  if mode == 'a' then return 'M' end
  local fields = { 'm', header, 'k', ARGV[6] }
  for i = 7, #ARGV do fields[i - 2] = ARGV[i] end
  put(fields)
  return 'C' .. string.rep('\0', 13)
end
if string.byte(m, 2) % 2 == 1 then return 'D' .. string.sub(m, 12, 24) .. (redis.call('HGET', k, 'k') or string.rep('\0', 8)) .. (redis.call('HGET', k, 's') or '') end

local function lineage(of)
  local versions = {}
  for i = 0, string.byte(of, 11) - 1 do versions[i + 1] = string.sub(of, 12 + 13 * i, 24 + 13 * i) end
  return versions
end
-- Compared as numbers: Lua compares strings by the server's locale.
local function newer(a, b)
  local as, aw = struct.unpack('>I7I6', a)
  local bs, bw = struct.unpack('>I7I6', b)
  return as > bs or (as == bs and aw > bw)
end

local mine, theirs = lineage(m), lineage(header)
if mode == 'c' then
  local known = false
  for _, version in ipairs(mine) do known = known or version == theirs[1] end
  if not known then return 'X' end
end

if mode == 'a' and ARGV[5] ~= string.rep('\0', 13) then
  local contained = #mine == 16 and newer(mine[16], ARGV[5]) -- SessionRecord.Contains says why so.
  for i, version in ipairs(mine) do
    contained = contained or version == ARGV[5]
      or (i > 8 and string.sub(version, 8) == string.sub(ARGV[5], 8) and newer(version, ARGV[5]))
  end
  if not contained then return 'M' end
end

local changed = {}
for from = 7, #ARGV, 2000 do
  local upto, names = math.min(from + 1999, #ARGV), {}
  for i = from, upto, 2 do names[#names + 1] = ARGV[i] end
  local stored = redis.call('HMGET', k, unpack(names))
  for n, name in ipairs(names) do
    local value = ARGV[from + 2 * n - 1]
    if not stored[n] or newer(string.sub(value, 1, 13), string.sub(stored[n], 1, 13)) then
      changed[#changed + 1] = name
      changed[#changed + 1] = value
    end
  end
end
local flags = bit.bor(string.byte(m, 2), string.byte(header, 2))
local created = string.sub(m, 3, 10)
if struct.unpack('>I8', header, 3) < struct.unpack('>I8', created) then created = string.sub(header, 3, 10) end

-- The newest eight of all commits that either names, and of the others the newest of each writer, eight writers at most.
local seen, all = {}, {}
local function name(versions)
  for _, version in ipairs(versions) do
    if not seen[version] then
      seen[version] = true
      all[#all + 1] = version
    end
  end
  table.sort(all, newer)
  local kept, writers = math.min(#all, 8), {}
  for i = 9, #all do
    local version = all[i]
    all[i] = nil
    local writer = string.sub(version, 8)
    if not writers[writer] and kept < 16 then
      writers[writer] = true
      kept = kept + 1
      all[kept] = version
    end
  end
end
name(mine)
name(theirs)
local same = #changed == 0 and #all == #mine and flags == string.byte(m, 2) and created == string.sub(m, 3, 10)
for i = 1, #all do same = same and all[i] == mine[i] end
if same then
  if mode == 'c' then redis.call('PEXPIRE', k, life) redis.call('EXISTS', k) end -- A write: the WAIT behind a repeated creation is to wait for the first one, and since 7.2 it waits for writes of its own connection only.
  return 'U' .. mine[1]
end
if struct.unpack('>I7', mine[1]) >= struct.unpack('>I7', v) then return 'S' .. mine[1] end

name({ v })
changed[#changed + 1] = 'm'
changed[#changed + 1] = '\1' .. string.char(flags) .. created .. string.char(#all) .. table.concat(all)
put(changed)
return 'C' .. mine[1]
