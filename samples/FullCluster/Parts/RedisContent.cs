using System.Globalization;

namespace FullCluster.Parts;

/// <summary>
/// All that one Redis holds at one moment, as digests: a script reads it, so that nothing changes
/// between two keys.
/// </summary>
internal sealed class RedisContent
{
    public const string Living = "living";
    public const string Removed = "removed";

    /// <summary>
    /// A line a field: key, name, digest of its bytes, and what docs/wire-formats.md says of them.
    /// The first line is the number of keys.
    /// </summary>
    public const string Script = """
        local lines = { tostring(redis.call('DBSIZE')) }
        local function hex(byte) return string.format('%%%02x', byte:byte()) end
        local function shown(name) return (name:gsub('%c', hex)) end -- Some are bytes, ends of lines among them.
        local function add(key, name, bytes, value)
          lines[#lines + 1] = table.concat({ shown(key), shown(name), redis.sha1hex(bytes), value }, '\t')
        end
        for _, key in ipairs(redis.call('KEYS', '*')) do
          local kind = redis.call('TYPE', key).ok
          if kind == 'hash' then
            local all = redis.call('HGETALL', key)
            for i = 1, #all, 2 do
              local name, bytes, value = all[i], all[i + 1], ''
              if name == 'm' and #bytes > 1 then
                value = bytes:byte(2) % 2 == 1 and 'ended' or 'living'
              elseif name:sub(1, 1) == 'a' and #bytes >= 14 then
                value = bytes:byte(14) % 2 == 1 and 'removed' or redis.sha1hex(bytes:sub(15))
              end
              add(key, name, bytes, value)
            end
          elseif kind == 'zset' then
            add(key, '', table.concat(redis.call('ZRANGE', key, 0, -1, 'WITHSCORES'), ' '), '')
          elseif kind == 'string' then
            add(key, '', redis.call('GET', key), '')
          else
            add(key, '', kind, '')
          end
        end
        return table.concat(lines, '\n')
        """;

    private readonly Dictionary<string, Dictionary<string, RedisField>> _keys;

    private RedisContent(long count, Dictionary<string, Dictionary<string, RedisField>> keys) =>
        (Count, _keys) = (count, keys);

    /// <summary>How many keys it has.</summary>
    public long Count { get; }

    /// <summary>How many of them are sessions and logins.</summary>
    public int Sessions => _keys.Values.Count(fields => fields.ContainsKey("m"));

    /// <summary>What the script has answered.</summary>
    public static RedisContent Parse(string answer)
    {
        var lines = answer.Split('\n');
        var keys = lines
            .Skip(1)
            .Select(line => line.Split('\t'))
            .GroupBy(columns => columns[0], StringComparer.Ordinal)
            .ToDictionary(
                key => key.Key,
                key =>
                    key.ToDictionary(
                        columns => columns[1],
                        columns => new RedisField(columns[2], columns[3]),
                        StringComparer.Ordinal
                    ),
                StringComparer.Ordinal
            );
        return new RedisContent(long.Parse(lines[0], CultureInfo.InvariantCulture), keys);
    }

    /// <summary>The fields of a key; null: it is not there.</summary>
    public IReadOnlyDictionary<string, RedisField>? Of(string key) => _keys.GetValueOrDefault(key);

    /// <summary>In what another one differs from this one; null: in nothing.</summary>
    public string? Difference(RedisContent other)
    {
        if (Count != other.Count)
        {
            return $"{other.Count} keys instead of {Count}";
        }

        var key = _keys.Keys.Union(other._keys.Keys).FirstOrDefault(key => !IsSame(Of(key), other.Of(key)));
        return key is null ? null : $"other bytes at {key}";
    }

    private static bool IsSame(
        IReadOnlyDictionary<string, RedisField>? one,
        IReadOnlyDictionary<string, RedisField>? other
    ) =>
        one is not null
        && other is not null
        && one.Count == other.Count
        && one.All(field => other.GetValueOrDefault(field.Key) == field.Value);
}
