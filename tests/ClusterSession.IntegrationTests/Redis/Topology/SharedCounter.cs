using System.Globalization;
using System.Text;
using ClusterSession.Redis;
using ClusterSession.Stores;
using ClusterSession.TestKit.Servers;

namespace ClusterSession.IntegrationTests.Redis.Topology;

/// <summary>A number in the store that grows by compare and set: the smallest thing that shows lost and doubled writes.</summary>
internal sealed class SharedCounter(RedisSessionStore store, string name)
{
    private byte[]? _last;

    /// <summary>What the store acknowledged last.</summary>
    public int Acknowledged { get; private set; }

    /// <summary>The first answer that was none; <see cref="StoreFailure.None"/> if there was none.</summary>
    public StoreFailure Failure { get; private set; }

    /// <summary>One more; false if the store gave no answer.</summary>
    public async Task<bool> TryIncrementAsync()
    {
        var next = Encoding.UTF8.GetBytes((Acknowledged + 1).ToString(CultureInfo.InvariantCulture));
        var answer = await store.CompareExchangeSharedAsync(name, _last is null ? null : (ReadOnlyMemory<byte>?)_last, next, default);
        if (!answer.IsAnswered)
        {
            Failure = Failure == StoreFailure.None ? answer.Failure : Failure;
            return false;
        }

        // Whoever has failed before may find that his write was done after all, or that the server lost some: go on from there.
        _last = answer.Value;
        Acknowledged = _last is null ? 0 : int.Parse(Encoding.UTF8.GetString(_last), CultureInfo.InvariantCulture);
        return true;
    }

    /// <summary>Repeats until the store answers.</summary>
    public Task IncrementAsync(TimeSpan? deadline = null) => Condition.HoldsAsync(TryIncrementAsync, $"the store takes a write of {name}", deadline);

    /// <summary>What the store has now.</summary>
    public async Task<string> ReadAsync()
    {
        var answer = await store.ReadSharedAsync(name, default);
        return answer.Value is { } value ? Encoding.UTF8.GetString(value) : answer.Failure.ToString();
    }
}
