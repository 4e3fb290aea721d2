using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Documents;

namespace ClusterSession.Failover.Tests.Simulation;

/// <summary>
/// The coordination store, as its seam promises it, and with what real ones do besides.
/// </summary>
/// <remarks>
/// <para>
/// The seed draws the kind (<see cref="SimStoreKind"/>). What must hold under each fault of it,
/// while clocks run apart by less than the share that is allowed for (Drift):
/// </para>
/// <list type="table">
/// <item>
/// <term>away, cut off, another leader, messages lost</term>
/// <description>Two Redis never accept commits at once, and no epoch is followed by a lower
/// one.</description>
/// </item>
/// <item>
/// <term>slow (<see cref="Lateness"/>): a grant is executed, or its answer comes, after its taker
/// has given up</term>
/// <description>The same: the taker counts from before it asked.</description>
/// </item>
/// <item>
/// <term>freed late (<see cref="Linger"/>)</term>
/// <description>The same; the failover takes longer by as much.</description>
/// </item>
/// <item>
/// <term>renewals in vain while reads pass (<see cref="RenewsNothing"/>): a server that is cut off
/// from ZooKeeper's leader, a former leader of etcd</term>
/// <description>The same.</description>
/// </item>
/// <item>
/// <term>ended by force (<see cref="End"/>), not with our own store: a session that ZooKeeper was
/// made to expire, a lease of etcd that was revoked</term>
/// <description>
/// The former holder counts on until it hears of it, and its Redis has a record for as long as it
/// may count. Until then the fence is open there, and also at the next master if one opens. That
/// ends when the lease would have run out by itself, at the latest: Ttl less Margin after the
/// holder renewed it last (less Drift too by its own clock), 2.8 s with the usual settings. No
/// Redis accepts a commit under that epoch later, and no two under one epoch; what both accepted is
/// merged, and none of it is wiped.
/// </description>
/// </item>
/// <item>
/// <term>ended by force, and granted to another while the former holder cannot hear of it: it is
/// cut off (<see cref="SimFaults"/>)</term>
/// <description>The same bound, which here is reached.</description>
/// </item>
/// </list>
/// </remarks>
internal sealed class SimCoordinator(SimCluster cluster)
{
    private const int MaxTransactions = 1000;

    private readonly Random _random = new(cluster.World.Seed);
    private readonly Dictionary<OperationId, object> _done = [];
    private readonly Dictionary<long, TimeSpan> _countedUntil = [];
    private string? _holder;
    private long _epoch;
    private TimeSpan _renewedAt;
    private TimeSpan _until;
    private TimeSpan _ttl;
    private long _version;
    private ReadOnlyMemory<byte> _document;

    public SimStoreKind Kind { get; set; } = (SimStoreKind)(cluster.World.Seed / 6 % 3);

    /// <summary>Nobody reaches it.</summary>
    public bool IsDown { get; set; }

    /// <summary>Whether no renewal is answered, while all else is.</summary>
    public bool RenewsNothing { get; set; }

    /// <summary>How late it executes what it is asked, at most.</summary>
    public TimeSpan Lateness { get; set; }

    public long Epoch => _epoch;

    public ClusterDocument Document => ClusterDocument.Read(_document.Span);

    public string? Holder => IsHeld ? _holder : null;

    private bool IsHeld => _holder is not null && cluster.World.Now < _until;

    public CoordinationState State => new(_holder, _epoch, IsHeld, _version, _document);

    /// <summary>As an agent sees it.</summary>
    public CoordinationState Raised => State with { Epoch = _epoch + Document.EpochBase };

    /// <summary>Its directories are lost: it counts from one again.</summary>
    public void Lose()
    {
        _done.Clear();
        (_holder, _epoch, _version, _document) = (null, 0, 0, default);
    }

    /// <summary>Another leader gives a running lease its full ttl anew.</summary>
    public void ChangeLeader() => _until = IsHeld ? Until() : _until;

    /// <summary>A lease that is running is freed late.</summary>
    public void Linger(TimeSpan more) => _until += IsHeld ? more : TimeSpan.Zero;

    /// <summary>
    /// The lease is over, and nobody has asked its holder. Our own store never does it.
    /// </summary>
    public void End()
    {
        if (IsHeld && Kind != SimStoreKind.Own)
        {
            _until = cluster.World.Now;
            _countedUntil[_epoch + Document.EpochBase] = _renewedAt + _ttl - cluster.Timings.Margin;
            cluster.World.Tell($"the lease {_epoch} of {_holder} is ended by force");
        }
    }

    /// <summary>
    /// Until when the holder of a lease that was ended by force may count it; null: it was not.
    /// </summary>
    public TimeSpan? CountedUntil(long epoch) => _countedUntil.TryGetValue(epoch, out var until) ? until : null;

    /// <summary>An operator's command.</summary>
    public void Edit(Func<ClusterDocument, ClusterDocument> change) =>
        (_document, _version) = (change(Document).Write(), _version + 1);

    public ReadResult Read() => new ReadResult.Read(State);

    public AcquireResult Acquire(
        OperationId id,
        string holder,
        TimeSpan ttl,
        CoordinationState seen,
        ReadOnlyMemory<byte> document,
        long countedFrom
    ) => Once<AcquireResult>(id, () =>
        {
            if (IsHeld)
            {
                return new AcquireResult.Held(State);
            }

            if (seen.Epoch != _epoch || seen.Version != _version)
            {
                return new AcquireResult.Conflict(State);
            }

            var transactions = Kind == SimStoreKind.Own ? 0 : _random.Next(MaxTransactions);
            (_holder, _epoch, _ttl) = (holder, _epoch + 1 + transactions, ttl);
            Renew();
            (_document, _version) = (document, _version + 1);
            cluster.World.Tell($"{holder} holds lease {_epoch}: {Document.Change}");
            cluster.Checker.Granted(Document);
            return new AcquireResult.Granted(_epoch, _version, countedFrom);
        });

    public RenewResult Renew(string holder, long epoch, long countedFrom)
    {
        if (RenewsNothing)
        {
            return new RenewResult.Unknown();
        }

        if (!IsHeldBy(holder, epoch))
        {
            return new RenewResult.Lost();
        }

        Renew();
        return new RenewResult.Renewed(countedFrom, _ttl);
    }

    public bool IsHeldBy(string holder, long epoch) => IsHeld && holder == _holder && epoch == _epoch;

    public ReleaseResult Release(
        OperationId id,
        string holder,
        long epoch,
        ReadOnlyMemory<byte>? document,
        long seenVersion
    ) => Once<ReleaseResult>(id, () =>
        {
            if (!IsHeldBy(holder, epoch))
            {
                return new ReleaseResult.Lost();
            }

            if (document is not null && seenVersion != _version)
            {
                return new ReleaseResult.Conflict(State);
            }

            (_holder, _document, _version) = (null, document ?? _document, _version + 1);
            cluster.World.Tell($"{holder} releases lease {_epoch}");
            return new ReleaseResult.Released();
        });

    public WriteResult Write(OperationId id, long seenVersion, ReadOnlyMemory<byte> document, long? epoch) =>
        Once<WriteResult>(id, () =>
        {
            if (epoch is not null && (!IsHeld || epoch != _epoch))
            {
                return new WriteResult.Lost();
            }

            if (seenVersion != _version)
            {
                return new WriteResult.Conflict(State);
            }

            (_document, _version) = (document, _version + 1);
            var what = Document.Change?.Step.ToString() ?? Document.Ruler?.ToString();
            cluster.World.Tell($"document {_version}: {what}");
            return new WriteResult.Written(_version);
        });

    private void Renew() => (_renewedAt, _until) = (cluster.World.Now, Until());

    /// <summary>When it is seen that it has run out.</summary>
    private TimeSpan Until() =>
        cluster.World.Now
        + _ttl
        + TimeSpan.FromSeconds(
            Kind switch
            {
                SimStoreKind.ZooKeeper => _random.NextDouble(),
                SimStoreKind.Etcd => 0.5 * _random.NextDouble() + 0.05,
                _ => 0,
            }
        );

    private T Once<T>(OperationId id, Func<T> operation)
        where T : class
    {
        if (!_done.TryGetValue(id, out var answer))
        {
            _done[id] = answer = operation();
        }

        return (T)answer;
    }
}
