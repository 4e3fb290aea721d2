using System.Globalization;
using ClusterSession.Redis;
using ClusterSession.Stores;

namespace ClusterSession.IntegrationTests.Redis.Topology;

/// <summary>
/// How often a document in the store was changed: the smallest thing that shows lost and doubled
/// writes. An increment that is repeated counts once.
/// </summary>
internal sealed class SharedCounter(RedisSessionStore store, string name)
{
    private long _rank = 1;

    /// <summary>What the store acknowledged last.</summary>
    public int Acknowledged { get; private set; }

    /// <summary>
    /// The first answer that was none; <see cref="StoreFailure.None"/> if there was none.
    /// </summary>
    public StoreFailure Failure { get; private set; }

    /// <summary>The key of a counter on the server.</summary>
    public static string KeyOf(string name) => $"cs:1:document:{{{name}}}";

    /// <summary>What a server has of a counter.</summary>
    public static Task<string> StoredAsync(RedisServer server, string name = "counter") =>
        server.CommandAsync("ZSCORE", KeyOf(name), "s");

    /// <summary>One more; false if the store did not answer.</summary>
    public async Task<bool> TryIncrementAsync()
    {
        var element = new DocumentElement("c"u8.ToArray(), _rank, default, TimeSpan.FromHours(1));
        var answer = await store.MergeDocumentAsync(name, [element], TimeSpan.FromHours(1), default);
        if (!answer.IsAnswered)
        {
            Failure = Failure == StoreFailure.None ? answer.Failure : Failure;
            return false;
        }

        _rank++;
        Acknowledged = (int)answer.Position.Sequence;
        return true;
    }

    /// <summary>Repeats until the store answers.</summary>
    public Task IncrementAsync(TimeSpan? deadline = null) =>
        Condition.HoldsAsync(TryIncrementAsync, $"the store takes a write of {name}", deadline);

    /// <summary>What the store has now.</summary>
    public async Task<string> ReadAsync()
    {
        var answer = await store.ReadDocumentAsync(name, DocumentPosition.None, default);
        return answer.Exists
            ? answer.Position.Sequence.ToString(CultureInfo.InvariantCulture)
            : answer.Failure.ToString();
    }
}
