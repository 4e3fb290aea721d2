using System.Globalization;
using System.Text;
using ClusterSession.IntegrationTests.Redis;
using ClusterSession.Records;
using ClusterSession.Redis;
using ClusterSession.Redis.Connection.Fencing;
using ClusterSession.Redis.Merging;
using ClusterSession.Stores;
using ClusterSession.TestKit.Conformance;
using ClusterSession.TestKit.Sessions;
using Xunit;

namespace ClusterSession.IntegrationTests.Redis.Merging;

/// <summary>
/// Two Redis that have gone on apart from each other, and what nodes wrote to each by the product's
/// own store.
/// </summary>
internal sealed class MergeSite : IAsyncDisposable
{
    public static readonly TimeSpan Life = TimeSpan.FromMinutes(22);
    private readonly VersionSource _versions = new(writer: 7);

    private MergeSite(RedisServer a, RedisServer b, RedisSessionStore storeA, RedisSessionStore storeB) =>
        (A, B, StoreA, StoreB) = (a, b, storeA, storeB);

    /// <summary>The one that is merged from.</summary>
    public RedisServer A { get; }

    /// <summary>The one that is merged into.</summary>
    public RedisServer B { get; }

    public RedisSessionStore StoreA { get; }

    public RedisSessionStore StoreB { get; }

    public MergeSettings Settings { get; set; } = new() { KeyPrefix = "cs", RecordsPerSecond = 1_000_000 };

    public static async Task<MergeSite> StartAsync()
    {
        var (a, b) = (await RedisServer.StartAsync(), await RedisServer.StartAsync());
        // A store that gives up early would fail what is only made ready here.
        const string Patient = ",asyncTimeout=60000,heartbeatTimeout=60000,connectTimeout=60000";
        var site = new MergeSite(
            a,
            b,
            RedisNode.Store(a.ConnectionString + Patient),
            RedisNode.Store(b.ConnectionString + Patient)
        );
        await site.StoreA.StartAsync(new RecordingObserver(), default);
        await site.StoreB.StartAsync(new RecordingObserver(), default);
        return site;
    }

    /// <summary>B gets all that A has now, by replication; then each goes on alone.</summary>
    public async Task PartAsync()
    {
        await B.CommandAsync("REPLICAOF", A.Host, A.Port.ToString(CultureInfo.InvariantCulture));
        await B.HasAllOfAsync(A);
        await B.CommandAsync("REPLICAOF", "NO", "ONE");
    }

    public Task<MergeReport> MergeAsync(
        Action<MergeProgress>? told = null,
        Tenure? lease = null,
        TimeProvider? time = null,
        int? maxReplyBytes = null,
        CancellationToken cancellation = default
    )
    {
        var (from, into) = (RedisOptions.Parse(A.ConnectionString), RedisOptions.Parse(B.ConnectionString));
        from.MaxReplyBytes = into.MaxReplyBytes = maxReplyBytes ?? from.MaxReplyBytes;
        return RedisMerge.RunAsync(
            new MergeSource(from),
            new MergeTarget(into, lease),
            Settings,
            told is null ? null : new Teller(told),
            time ?? TimeProvider.System,
            cancellation
        );
    }

    public static string NameOf(SessionKey key) => $"cs:1:{{{key}}}";

    public async Task<SessionKey> CreateAsync(
        IClusterSessionStore store,
        string name,
        string value,
        TimeSpan? life = null
    )
    {
        var (key, version) = (SessionKeys.New(), _versions.Next());
        var record = Delta(name, value).ApplyTo(SessionRecord.New(DateTimeOffset.UnixEpoch), version, 0);
        var copy = new SessionMerge(record, version, MergeMode.Create, life ?? Life, PreviousStamp: 0);
        var answer = await store.MergeAsync(key, copy, default);
        Assert.Equal(WriteOutcome.Committed, answer.Outcome);
        return key;
    }

    /// <summary>
    /// A commit of another writer each time, which has issued nothing for the session before.
    /// </summary>
    public async Task CommitAsync(IClusterSessionStore store, SessionKey key, string name, string? value)
    {
        var opened = (await store.ReadAsync(key, SessionVersion.None, default)).Record!;
        var version = _versions.Next(Random.Shared.NextInt64(100, 1L << 40));
        var change = new SessionChange(
            opened.Version,
            version,
            Delta(name, value),
            [],
            Life,
            Life,
            PreviousStamp: 0,
            Opened: opened
        );
        Assert.Equal(WriteOutcome.Committed, (await store.CommitAsync(key, change, default)).Outcome);
    }

    public async Task EndAsync(IClusterSessionStore store, SessionKey key, SessionSuccessor? successor = null)
    {
        var end = new SessionEnd(_versions.Next(), successor);
        Assert.Equal(WriteOutcome.Committed, (await store.DestroyAsync(key, end, 2 * Life, default)).Outcome);
    }

    /// <summary>The attributes of a session, as text; <c>ended</c>, or <c>missing</c>.</summary>
    public static async Task<string> TextAsync(IClusterSessionStore store, SessionKey key)
    {
        var read = await store.ReadAsync(key, SessionVersion.None, default);
        if (read.Record is not { } record)
        {
            return read.Outcome switch
            {
                StoreReadOutcome.Destroyed => "ended" + (read.Successor is { } next ? " to " + next.Key : ""),
                StoreReadOutcome.Missing => "missing",
                _ => "damaged",
            };
        }

        var text = new StringBuilder();
        foreach (var attribute in record)
        {
            if (attribute.Exists)
            {
                text.Append(Encoding.UTF8.GetString(attribute.NameUtf8))
                    .Append('=')
                    .Append(Encoding.UTF8.GetString(attribute.Payload))
                    .Append(' ');
            }
        }

        return text.ToString().TrimEnd();
    }

    public static async Task<TimeSpan> LifeAsync(RedisServer server, SessionKey key) =>
        TimeSpan.FromMilliseconds(
            long.Parse(await server.CommandAsync("PTTL", NameOf(key)), CultureInfo.InvariantCulture)
        );

    /// <summary>How many sessions the server has, ended and damaged ones included.</summary>
    public static async Task<string> SessionsAsync(RedisServer server) =>
        await server.CommandAsync("EVAL", "return #redis.call('KEYS', ARGV[1])", "0", "cs:1:{*}");

    /// <summary>How many writes the server has executed: by clients, and by scripts.</summary>
    public static async Task<long> WritesAsync(RedisServer server)
    {
        var stats = await server.CommandAsync("INFO", "commandstats");
        return stats
            .Split('\n')
            .Where(static line => line.StartsWith("cmdstat_", StringComparison.Ordinal))
            .Select(static line => line["cmdstat_".Length..].Split([':', '=', ',']))
            .Where(static parts =>
                parts[0] is "hset" or "hdel" or "del" or "pexpire" or "zadd" or "zrem" or "set" or "expire"
            )
            .Sum(static parts => long.Parse(parts[2], CultureInfo.InvariantCulture));
    }

    public async ValueTask DisposeAsync()
    {
        await StoreA.DisposeAsync();
        await StoreB.DisposeAsync();
        await A.DisposeAsync();
        await B.DisposeAsync();
    }

    private static SessionDelta Delta(string name, string? value)
    {
        var delta = new SessionDelta();
        if (value is null)
        {
            delta.Remove(name);
        }
        else
        {
            delta.Set(name, Encoding.UTF8.GetBytes(value));
        }

        return delta;
    }

    /// <summary>At once and in order, unlike <see cref="Progress{T}"/>.</summary>
    private sealed class Teller(Action<MergeProgress> told) : IProgress<MergeProgress>
    {
        public void Report(MergeProgress value) => told(value);
    }
}
