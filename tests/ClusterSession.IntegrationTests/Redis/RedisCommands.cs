using System.Globalization;

namespace ClusterSession.IntegrationTests.Redis;

/// <summary>
/// What a server has been asked, counted at the server: commands that clients sent, bytes, and
/// besides the commands that scripts have called, and how often they have prolonged a session.
/// </summary>
internal sealed record RedisCommands(
    long Reads,
    long Gets,
    long Scripts,
    long WholeScripts,
    long BytesIn,
    long CalledByScripts,
    long Prolongations,
    long Documents
)
{
    private static readonly string[] CalledByScriptsAlone =
    [
        "hget",
        "hgetall",
        "hset",
        "hdel",
        "hmget",
        "pttl",
        "pexpire",
        "exists",
    ];

    /// <summary>
    /// Commands that clients sent, but for scripts on documents (each asks for the time, once):
    /// nodes announce themselves at intervals of their own. A read of a session is a script.
    /// </summary>
    public long Total => Gets + Scripts + WholeScripts;

    public static async Task<RedisCommands> CountAsync(RedisServer redis)
    {
        var stats = await redis.CommandAsync("INFO", "commandstats");
        return new RedisCommands(
            Calls(stats, "hgetall"),
            Calls(stats, "get"),
            Calls(stats, "evalsha") - Calls(stats, "time"),
            Calls(stats, "eval"),
            long.Parse(await redis.InfoAsync("stats", "total_net_input_bytes"), CultureInfo.InvariantCulture),
            CalledByScriptsAlone.Sum(command => Calls(stats, command)),
            Calls(stats, "pexpire"),
            Calls(stats, "time")
        );
    }

    public static RedisCommands operator -(RedisCommands after, RedisCommands before) =>
        new(
            after.Reads - before.Reads,
            after.Gets - before.Gets,
            after.Scripts - before.Scripts,
            after.WholeScripts - before.WholeScripts,
            after.BytesIn - before.BytesIn,
            after.CalledByScripts - before.CalledByScripts,
            after.Prolongations - before.Prolongations,
            after.Documents - before.Documents
        );

    private static long Calls(string stats, string command)
    {
        var start = stats.IndexOf($"cmdstat_{command}:calls=", StringComparison.Ordinal);
        if (start < 0)
        {
            return 0;
        }

        var rest = stats.AsSpan(start + $"cmdstat_{command}:calls=".Length);
        return long.Parse(rest[..rest.IndexOf(',')], CultureInfo.InvariantCulture);
    }
}
