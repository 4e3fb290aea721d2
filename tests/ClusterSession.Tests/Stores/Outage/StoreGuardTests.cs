using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.Stores.InMemory;
using ClusterSession.Stores.Outage;
using ClusterSession.TestKit.Sessions;
using ClusterSession.TestKit.Stores;
using ClusterSession.TestKit.Time;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Xunit;

namespace ClusterSession.Tests.Stores.Outage;

public sealed class StoreGuardTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly OutageOptions _outage = new();
    private readonly FaultyStore[] _parts;
    private readonly CountingStore[] _counts;
    private readonly PartitionedStore _store;
    private readonly StoreGuard _guard;

    public StoreGuardTests()
    {
        _parts =
        [
            .. Enumerable
                .Range(0, 3)
                .Select(_ => new FaultyStore(new InMemorySessionStore(new InMemorySessions(_time)))),
        ];
        _counts = [.. _parts.Select(part => new CountingStore(part))];
        _store = new PartitionedStore([.. _counts]);
        var options = new OptionsWrapper<ClusterSessionOptions>(new ClusterSessionOptions { Outage = _outage });
        _guard = new StoreGuard(_store, options, _time, NullLogger<StoreGuard>.Instance);
    }

    [Fact]
    public async Task Circuit_opens_for_one_partition_and_only_that_one_is_probed()
    {
        _parts[1].Failing = StoreOperations.All;
        for (var i = 0; i < _outage.BreakAfter; i++)
        {
            await ReadAsync(1);
            await ReadAsync(0); // Whose answers do not close it.
        }

        Assert.Equal([false, true, false], Enumerable.Range(0, 3).Select(_guard.IsGivenUp));
        Assert.True(_guard.IsAnyGivenUp);
        Assert.Equal("partitioned part1", _guard.NameOf(1));

        await ReadAsync(1);
        Assert.Equal(_outage.BreakAfter, _counts[1].Count(StoreOperations.Read));
        _time.Advance(_outage.ProbeInterval);
        await ReadAsync(0);
        Assert.True(_guard.IsGivenUp(1));
        _parts[1].Failing = StoreOperations.None;
        await ReadAsync(1);
        Assert.Equal(_outage.BreakAfter + 1, _counts[1].Count(StoreOperations.Read));
        Assert.False(_guard.IsAnyGivenUp);
    }

    [Fact]
    public async Task Connection_of_one_partition_closes_its_circuit_and_no_other()
    {
        (_parts[1].Failing, _parts[2].Failing) = (StoreOperations.All, StoreOperations.All);
        for (var i = 0; i < _outage.BreakAfter; i++)
        {
            await ReadAsync(1);
            await ReadAsync(2);
        }

        _guard.Connected(2);

        Assert.Equal([false, true, false], Enumerable.Range(0, 3).Select(_guard.IsGivenUp));
    }

    private async Task ReadAsync(int partition)
    {
        SessionKey key;
        do
        {
            key = SessionKeys.New();
        } while (_store.PartitionOf(key) != partition);

        await _guard.ReadAsync(key, SessionVersion.None);
    }
}
