using ClusterSession.Failover.Agents;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Sights;
using ClusterSession.Redis.Connection.Fencing;

namespace ClusterSession.Failover.Tests.Face;

/// <summary>
/// A Redis without a server: what its agent commands, and replicas that have at once what their
/// master has.
/// </summary>
internal sealed class FakeRedis(FakeRedisSite site, TimeProvider time) : IRedisControl
{
    private static int s_histories;
    private readonly Lock _lock = new();
    private RedisSight _sight = new()
    {
        RunId = $"{Guid.NewGuid():N}{Guid.NewGuid():N}"[..LeaseRecord.RunIdLength],
        HistoryId = $"history-{Interlocked.Increment(ref s_histories)}",
        IsEmpty = true,
    };

    private DateTimeOffset _until;

    /// <summary>Its host refuses connections.</summary>
    public bool IsDown { get; set; }

    /// <summary>Fails every look with this, as a mistake in the agent would.</summary>
    public Exception? Mistake { get; set; }

    /// <summary>Called before it is closed.</summary>
    public Action? Closing { get; set; }

    /// <summary>Bytes that a replica lacks.</summary>
    public long Behind { get; set; }

    /// <summary>How often it was looked at.</summary>
    public int Looks { get; private set; }

    public string? Trouble { get; set; }

    public RedisSight Sight
    {
        get
        {
            lock (_lock)
            {
                return _sight.Record is not null && time.GetUtcNow() >= _until ? _sight with { Record = null } : _sight;
            }
        }
    }

    /// <summary>It takes that many bytes of its clients.</summary>
    public void Wrote(long bytes)
    {
        lock (_lock)
        {
            _sight = _sight with { Offset = _sight.Offset + bytes };
        }
    }

    public ValueTask<RedisSight> LookAsync(CancellationToken cancellation)
    {
        Looks++;
        if (Mistake is { } mistake)
        {
            throw mistake;
        }

        return ValueTask.FromResult(IsDown ? RedisSight.Refused : Replicated());
    }

    public ValueTask FollowAsync(ClusterMember member, Tenure tenure, CancellationToken cancellation) =>
        Do(sight => sight with { IsMaster = false, Follows = tenure, Admits = [], IsLinkUp = false });

    public ValueTask PromoteAsync(Tenure tenure, CancellationToken cancellation) =>
        Do(sight =>
            sight with
            {
                IsMaster = true,
                Follows = null,
                IsLinkUp = false,
                FormerHistoryId = sight.IsMaster ? sight.FormerHistoryId : sight.HistoryId,
                FormerOffset = sight.IsMaster ? sight.FormerOffset : sight.Offset,
                HistoryId = sight.IsMaster ? sight.HistoryId : $"history-{Interlocked.Increment(ref s_histories)}",
                Admits = [.. sight.Admits, tenure],
            }
        );

    public ValueTask CloseAsync(CancellationToken cancellation)
    {
        Closing?.Invoke();
        return Do(sight => sight with { Record = null, AdmitsClients = false });
    }

    public ValueTask OpenAsync(Tenure tenure, DateTimeOffset until, CancellationToken cancellation) =>
        Do(sight =>
        {
            _until = until;
            return sight with
            {
                Record = tenure,
                DataEpoch = tenure.Epoch,
                AdmitsClients = true,
                IsEmpty = false,
                Offset = sight.Offset + 100,
                Admits = [.. sight.Admits, tenure],
            };
        });

    public ValueTask ExtendAsync(Tenure tenure, DateTimeOffset until, CancellationToken cancellation) =>
        Do(sight =>
        {
            _until = Sight.Record == tenure ? until : _until;
            return sight;
        });

    /// <summary>What becomes of each merge.</summary>
    public MergeOutcome Merging { get; set; } = new MergeOutcome.Failed("It is not to be merged.");

    public ValueTask<MergeOutcome> MergeAsync(
        ClusterMember target,
        Tenure tenure,
        MergeTerms terms,
        IProgress<MemberMergeCounts> progress,
        CancellationToken cancellation
    ) => ValueTask.FromResult(Merging);

    public ValueTask SetAsideAsync(long epoch, CancellationToken cancellation) => ValueTask.CompletedTask;

    private RedisSight Replicated()
    {
        lock (_lock)
        {
            if (
                _sight is { IsMaster: false, Follows: { } tenure }
                && site.Find(tenure.RunId) is { IsDown: false } master
                && master.Sight is var seen
                && seen.Admits.Contains(tenure)
            )
            {
                _sight = _sight with
                {
                    IsLinkUp = true,
                    HistoryId = seen.HistoryId,
                    Offset = seen.Offset - Behind,
                    DataEpoch = seen.DataEpoch,
                    IsEmpty = seen.IsEmpty,
                };
            }
            else
            {
                _sight = _sight with { IsLinkUp = false };
            }

            return Sight;
        }
    }

    private ValueTask Do(Func<RedisSight, RedisSight> command)
    {
        if (IsDown)
        {
            throw new IOException("The connection was refused.");
        }

        lock (_lock)
        {
            _sight = command(_sight);
        }

        return ValueTask.CompletedTask;
    }
}
