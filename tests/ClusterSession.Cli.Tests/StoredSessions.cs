using System.Text;
using ClusterSession.Records;
using ClusterSession.Redis;
using ClusterSession.TestKit.Conformance;
using ClusterSession.TestKit.Sessions;
using Microsoft.Extensions.Logging.Abstractions;

namespace ClusterSession.Cli.Tests;

/// <summary>Sessions that a node has written into a Redis.</summary>
internal static class StoredSessions
{
    /// <summary>Writes a session for each value, and returns their keys.</summary>
    public static async Task<IReadOnlyList<string>> WriteAsync(RedisServer redis, IEnumerable<string> values)
    {
        await using var store = new RedisSessionStore(
            RedisOptions.Parse(redis.ConnectionString),
            "cs",
            TimeSpan.FromSeconds(30),
            TimeProvider.System,
            new Random(7),
            NullLogger<RedisSessionStore>.Instance
        );
        await store.StartAsync(new RecordingObserver(), default);
        var (versions, keys) = (new VersionSource(), new List<string>());
        foreach (var value in values)
        {
            var (key, version, delta) = (SessionKeys.New(), versions.Next(), new SessionDelta());
            delta.Set("a", Encoding.UTF8.GetBytes(value));
            var record = delta.ApplyTo(SessionRecord.New(DateTimeOffset.UnixEpoch), version, 0);
            var copy = new SessionMerge(record, version, MergeMode.Create, TimeSpan.FromMinutes(20), PreviousStamp: 0);
            await store.MergeAsync(key, copy, default);
            keys.Add($"cs:1:{{{key}}}");
        }

        return keys;
    }
}
