using System.Globalization;

namespace ClusterSession.IntegrationTests.Redis.Damage;

/// <summary>
/// What can be wrong with what Redis has under the key of a session, each done by a script.
/// </summary>
internal static class RecordDamage
{
    private const string Tools = """
        math.randomseed(tonumber(ARGV[1]))
        local k, other, call, sub, rep = KEYS[1], KEYS[2], redis.call, string.sub, string.rep
        if call('TYPE', k).ok ~= 'hash' then return 0 end
        local life = call('PTTL', k)
        local m, name, value = call('HGET', k, 'm')
        for _, field in ipairs(call('HKEYS', k)) do
          if string.find(field, '^a%w') then name, value = field, call('HGET', k, field) end
        end
        if not m or #m < 64 or not value or #value < 15 then return 0 end
        local function bytes(n)
          local all = {}
          for i = 1, n do all[i] = string.char(math.random(0, 255)) end
          return table.concat(all)
        end
        local function hex(text) return (string.gsub(text, '%x%x', function(h) return string.char(tonumber(h, 16)) end)) end
        local function at(text, from, by) return sub(text, 1, from - 1) .. by .. sub(text, from + #by) end
        local function instead(command, ...)
          call('DEL', k)
          call(command, k, ...)
        end
        local function header(by) call('HSET', k, 'm', by) end
        local function tombstone(key, successor, mark)
          call('DEL', key)
          call('HSET', key, 'm', '\2\1' .. sub(m, 3, 10) .. hex('001ffffffffff0') .. bytes(6) .. rep('\0', 21), 'k', mark, 's', successor)
          call('PEXPIRE', key, 3600000)
        end
        """;

    /// <summary>
    /// Name and script of each kind. The ones at the end are no reason to refuse a record.
    /// </summary>
    public static IReadOnlyList<(string Name, string Script)> Kinds { get; } =
    [
        ("string", "instead('SET', bytes(40))"),
        ("list", "instead('RPUSH', 'm', 'k')"),
        ("sorted set", "instead('ZADD', 1, 'm')"),
        ("no header", "call('HDEL', k, 'm')"),
        ("empty header", "header('')"),
        ("header cut", "header(sub(m, 1, math.random(1, #m - 1)))"),
        ("header of random bytes", "header(bytes(#m))"),
        ("a byte of the header changed", "header(at(m, math.random(1, #m), bytes(1)))"),
        ("a format of the future", "header(at(m, 1, '\\9'))"),
        ("former format that is cut", "header('\\1\\0' .. sub(m, 3, 10) .. '\\5' .. sub(m, 11, 30))"),
        ("version at the end", "header(at(at(m, 11, hex('001fffffffffff')), #m - 12, hex('001fffffffffff')))"),
        ("version near the end", "header(at(at(m, 11, hex('001ffffffffff0')), #m - 12, hex('001ffffffffff0')))"),
        ("version beyond the end", "header(at(m, 11, rep('\\255', 13)))"),
        ("no version", "header(at(m, 11, rep('\\0', 13)))"),
        ("bytes behind the intervals", "header(m .. bytes(math.random(1, 19)))"),
        (
            "interval that ends before it begins",
            "header(m .. hex('00000000000009') .. hex('00000000000001') .. bytes(6))"
        ),
        ("ten thousand intervals", "header(m .. rep(hex('0000000000000100000000000009') .. bytes(6), 10000))"),
        ("created beyond all calendars", "header(at(m, 3, hex('7fffffffffffffff')))"),
        ("created before all calendars", "header(at(m, 3, hex('8000000000000000')))"),
        ("attribute cut", "call('HSET', k, name, sub(value, 1, math.random(0, 13)))"),
        ("attribute of a version beyond the end", "call('HSET', k, name, rep('\\255', 13) .. sub(value, 14))"),
        ("attribute of a version at the end", "call('HSET', k, name, hex('001fffffffffff') .. sub(value, 8))"),
        (
            "seventy thousand attributes of versions of their own",
            "for i = 1, 70000 do call('HSET', k, 'a' .. i, struct.pack('>I7', i) .. rep('\\1', 6) .. '\\0') end"
        ),
        ("record of another session", "call('DEL', k) call('COPY', other, k)"),
        ("mark of nobody", "call('HSET', k, 'k', bytes(math.random(0, 9)))"),
        ("end that leads to itself", "tombstone(k, ARGV[2], call('HGET', k, 'k'))"),
        (
            "end that leads to another end and back",
            """
            local mark = call('HGET', k, 'k')
            local other_mark = call('TYPE', other).ok == 'hash' and call('HGET', other, 'k') or mark
            tombstone(other, ARGV[2], other_mark)
            tombstone(k, ARGV[3], mark)
            """
        ),
        ("end that leads nowhere", "tombstone(k, bytes(math.random(0, 50)), call('HGET', k, 'k'))"),
        (
            "names that are no text",
            "call('HSET', k, 'a\\255\\254\\0', sub(m, 11, 23) .. '\\0x', 'a', sub(m, 11, 23) .. '\\0y')"
        ),
        (
            "reserved names with nonsense",
            """
            for _, name in ipairs({ 'principal', 'person', 'rotated', 'principal:', 'principal:id', 'until', 'ticket', 'next' }) do
              call('HSET', k, 'a\0' .. name, sub(m, 11, 23) .. '\0' .. bytes(math.random(0, 40)))
            end
            header(at(m, 2, string.char(math.random(0, 127) * 2)))
            """
        ),
        ("unknown flags", "header(at(m, 2, '\\252'))"),
        ("end that goes on as a record", "header(at(m, 2, '\\1'))"),
        (
            "removed attribute with nonsense",
            "call('HSET', k, name, sub(value, 1, 13) .. '\\1' .. bytes(math.random(0, 30)))"
        ),
        ("value of random bytes", "call('HSET', k, name, sub(value, 1, 14) .. bytes(500))"),
        ("value that nests without end", "call('HSET', k, name, sub(value, 1, 14) .. rep('[', 200000))"),
        ("no life", "call('PERSIST', k)"),
        ("deleted", "call('DEL', k)"),
        ("fields of somebody else", "call('HSET', k, 's', 'x', 'z', bytes(30), '', bytes(3))"),
    ];

    /// <summary>
    /// Whether it keeps the server busy by itself for so long that others wait for that.
    /// </summary>
    public static bool IsSlow(int kind) => Kinds[kind].Name.StartsWith("seventy thousand", StringComparison.Ordinal);

    /// <summary>Damages a record, or two; false if there is none any more that is well.</summary>
    /// <param name="redis">The server.</param>
    /// <param name="kind">Which of <see cref="Kinds"/>.</param>
    /// <param name="seed">What is drawn.</param>
    /// <param name="key">The text of the session's key.</param>
    /// <param name="other">That of another session, which may be damaged too.</param>
    public static async Task<bool> DoAsync(RedisServer redis, int kind, int seed, string key, string other)
    {
        var script =
            $"{Tools}\n{Kinds[kind].Script}\nif life > 0 and {(Kinds[kind].Name == "no life" ? "false" : "true")} then call('PEXPIRE', k, life) end\nreturn 1";
        var answer = await redis.CommandAsync(
            "EVAL",
            script,
            "2",
            $"cs:1:{{{key}}}",
            $"cs:1:{{{other}}}",
            seed.ToString(CultureInfo.InvariantCulture),
            key,
            other
        );
        if (answer.StartsWith('-'))
        {
            throw new InvalidOperationException($"{Kinds[kind].Name}: {answer}");
        }

        return answer.Trim() == "1";
    }
}
