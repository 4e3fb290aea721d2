using ClusterSession.Diagnostics;
using ClusterSession.Documents;
using ClusterSession.Lifetime;
using ClusterSession.Local;
using ClusterSession.Principals;
using ClusterSession.Records;
using ClusterSession.Signals;
using ClusterSession.Stores;
using ClusterSession.Stores.Outage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ClusterSession.Revoking;

/// <summary>
/// Which principals' sessions were all ended, as every node of the cluster knows it.
/// </summary>
/// <remarks>
/// <code>
/// EndAsync         here at once, then into the document: one element, however many there are
/// change           the store announces every one: what is new is read, and until it is, sessions
///                  of principals are not served without asking
/// new connection   the document is read anew, whole; its lease is that of the connection
/// store replaced   what this node knows and the store lacks is replayed; sessions come after that
/// document missing not known, and not empty: a node that has read it restores it; one that
///                  starts waits for that, and makes an empty one only where no serving node has
///                  read it either
/// not responding   what is not in the store yet is sent again every probe interval; what is known
///                  here holds here
/// </code>
/// No clocks are compared. A session has ended if any process has ended one of its principals by a
/// later number than the session's record says was known (<see cref="PrincipalVector"/>). There is
/// one document for all principals, not one for each: so a node hears of all revocations by one
/// tracked key, and does not have to ask for each principal of its sessions. Thread-safe.
/// </remarks>
internal sealed partial class Revocations(
    StoreGuard store,
    HybridClock clock,
    NodePresence presence,
    SessionLifetime lifetime,
    IOptions<ClusterSessionOptions> options,
    TimeProvider time,
    ILogger<Revocations> logger
) : ISharedDocument
{
    /// <summary>The name of the document.</summary>
    public const string DocumentName = "revocations";

    private const int MaxReadings = 4;

    private readonly OutageOptions _outage = options.Value.Outage;
    private readonly LogRate _malformed = new(time);
    private readonly RevocationList _list = new(time);
    private readonly SharedDocument _document = new(store, DocumentName); // under _syncing
    private readonly SemaphoreSlim _syncing = new(1, 1);
    private readonly WorkSignal _work = new();
    private readonly OwnRevocations _own = new(clock.Writer, time);
    private readonly TimeSpan _documentLife = 2 * lifetime.TombstoneLife;
    private int _changes; // moved by everything that may have changed the document
    private int _losses; // moved where the store may have lost it
    private int _restored; // under _syncing: the losses after which it was replayed
    private long _prolongedAt = time.GetTimestamp();
    private volatile Known _known = Known.Nothing;
    private RevocationReading? _reading;

    public string Name => DocumentName;

    /// <summary>Whether the document has ever been read.</summary>
    public bool HaveBeenRead => _known.HasBeenRead;

    /// <summary>Up to which change it is known.</summary>
    public DocumentPosition Position => _known.Position;

    /// <summary>
    /// What a request keeps of the moment when it begins, so that its login records what was known
    /// then.
    /// </summary>
    public long Heard => _list.Heard;

    /// <summary>How many principals it names.</summary>
    public int Count => _list.Count;

    private bool IsCurrent =>
        _known is var known && known.Changes == Volatile.Read(ref _changes) && known.Lease.IsCurrent;

    /// <summary>
    /// Whether a copy that is fresh may be served without asking: it has no principal, or all ends
    /// are known and none is its own. No allocation.
    /// </summary>
    public bool Allow(LocalCopy copy)
    {
        if (!SessionPrincipal.IsIn(copy.Record))
        {
            return true;
        }

        var known = _known;
        return known.Changes == Volatile.Read(ref _changes)
            && (ReferenceEquals(known.Lease, copy.Lease) || known.Lease.IsCurrent)
            && !HaveEnded(copy.Record);
    }

    /// <summary>
    /// Whether all sessions of any recorded principal were ended, as far as this node knows. Every
    /// principal counts, not only the one who began the session.
    /// </summary>
    public bool HaveEnded(SessionRecord record)
    {
        if (_list.Count > 0)
        {
            foreach (var recorded in SessionPrincipal.In(record))
            {
                if (_list.HaveEnded(recorded.Principal, recorded.Vector))
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>
    /// What a record says of a principal: the revocations that were known when the request of the
    /// login began.
    /// </summary>
    /// <param name="principal">Whose record.</param>
    /// <param name="heard"><see cref="Heard"/> at that moment.</param>
    /// <param name="ownNumber">The number of an end that the request has made itself; 0:
    /// none.</param>
    public byte[] Describe(PrincipalKey principal, long heard, long ownNumber = 0) =>
        _list.Describe(principal, heard, ownNumber > 0 ? new Revocation(principal, clock.Writer, ownNumber) : default);

    /// <summary>
    /// What a record says of a principal that is to survive an end of this node too.
    /// </summary>
    /// <param name="payload">What it says by now: it knows the ends that its own login knew, also
    /// those that this node has not heard of.</param>
    /// <param name="number">The number of the end.</param>
    public byte[] Extend(ReadOnlySpan<byte> payload, long number) =>
        PrincipalVector.With(payload, clock.Writer, number);

    /// <summary>
    /// Draws the number of an end that is about to be made. What is to survive that end can record
    /// the number before the end is made.
    /// </summary>
    public long DrawNumber() => _own.DrawNumber();

    /// <summary>Ends all sessions of a principal that do not know this end.</summary>
    /// <returns>Why the store did not take it in time; then it holds here, and is sent until the
    /// store takes it.</returns>
    public async ValueTask<StoreFailure> EndAsync(PrincipalKey principal, long number)
    {
        var begun = time.GetTimestamp();
        _list.Take(new Revocation(principal, clock.Writer, number), lifetime.TombstoneLife);
        var pause = _own.Add(principal, number);
        if (pause > TimeSpan.Zero)
        {
            await Task.Delay(pause, time, CancellationToken.None).ConfigureAwait(false);
        }

        while (true)
        {
            var failure = _own.IsSent(principal, number) ? StoreFailure.None : await SyncAsync().ConfigureAwait(false);
            var isSent = _own.IsSent(principal, number);
            if (isSent || time.GetElapsedTime(begun) + _outage.ProbeInterval >= _outage.HardTimeout + pause)
            {
                logger.PrincipalEnded(isSent);
                return isSent ? StoreFailure.None
                    : failure == StoreFailure.None ? StoreFailure.Unknown
                    : failure;
            }

            await Task.Delay(_outage.ProbeInterval, time, CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Reads the document if what is known of it is not current; no longer than the soft timeout,
    /// counted for all who wait together.
    /// </summary>
    /// <returns>False if the store did not respond.</returns>
    public async ValueTask<bool> EnsureCurrentAsync()
    {
        if (IsCurrent)
        {
            return true;
        }

        if (store.IsGivenUp(store.PartitionOfDocument(DocumentName)))
        {
            Wake();
            return false; // Its partition may not be that of the session: who opens that does not wait for this one.
        }

        var reading = Volatile.Read(ref _reading);
        if (reading is null or { Done.IsCompleted: true })
        {
            if (reading is { HasFailed: true } && time.GetElapsedTime(reading.Since) < _outage.HardTimeout)
            {
                return false; // It is tried in the background; not every request is to wait for that.
            }

            var mine = new RevocationReading(time.GetTimestamp());
            var other = Interlocked.CompareExchange(ref _reading, mine, reading);
            if (ReferenceEquals(other, reading))
            {
                _ = mine.RunAsync(SyncAsync());
                reading = mine;
            }
            else
            {
                reading = other!;
            }
        }

        try
        {
            var left = _outage.SoftTimeout - time.GetElapsedTime(reading.Since);
            return await reading.Done.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, time).ConfigureAwait(false)
                == StoreFailure.None;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    /// <summary>
    /// The document has been changed by another node, or a connection is new. Called on the store's
    /// receiving loop.
    /// </summary>
    public void OnChanged()
    {
        Interlocked.Increment(ref _changes);
        Wake();
    }

    /// <summary>The store may lack what it had: what this node knows is replayed.</summary>
    public Task RestoreAsync()
    {
        Interlocked.Increment(ref _losses);
        return SyncAsync();
    }

    /// <summary>
    /// Keeps the document alive while nobody is ended, and forgets here what is over.
    /// </summary>
    public async Task MaintainAsync()
    {
        _list.Forget();
        if (!HaveBeenRead || time.GetElapsedTime(_prolongedAt) < lifetime.TombstoneLife / 2)
        {
            return;
        }

        await _syncing.WaitAsync().ConfigureAwait(false);
        try
        {
            await MergeAsync([]).ConfigureAwait(false);
        }
        finally
        {
            _syncing.Release();
        }
    }

    /// <summary>Waits until there is something to read or send.</summary>
    public Task WaitForWorkAsync(CancellationToken cancellationToken) => _work.WaitAsync(cancellationToken);

    /// <summary>There may be something to read or send.</summary>
    public void Wake() => _work.Set();

    /// <summary>Makes what the store has and what this node knows the same.</summary>
    public async Task<StoreFailure> SyncAsync()
    {
        await _syncing.WaitAsync().ConfigureAwait(false);
        try
        {
            for (var readings = 0; ; )
            {
                var losses = Volatile.Read(ref _losses);
                var mustRead = readings == 0 ? !IsCurrent : _known.Changes != Volatile.Read(ref _changes);
                if ((mustRead || losses != _restored) && readings < MaxReadings)
                {
                    readings++;
                    var failure = await ReadAsync(losses).ConfigureAwait(false);
                    if (failure != StoreFailure.None)
                    {
                        Wake();
                        return failure;
                    }

                    continue;
                }

                var sending = _own.ToSend(SharedDocument.MaxElements);
                if (sending.Count == 0)
                {
                    return StoreFailure.None;
                }

                var sent = await MergeAsync([.. sending.Select(own => own.ToElement(lifetime.TombstoneLife))])
                    .ConfigureAwait(false);
                if (sent != StoreFailure.None)
                {
                    Wake();
                    return sent;
                }

                _own.Confirm(sending);
                foreach (var own in sending)
                {
                    _list.Prolong(own, lifetime.TombstoneLife); // Nobody else has heard of it before.
                }
            }
        }
        finally
        {
            _syncing.Release();
        }
    }

    /// <summary>Up to where the document is known, and by what.</summary>
    private sealed record Known(DocumentPosition Position, SessionLease Lease, int Changes)
    {
        public static Known Nothing { get; } = new(DocumentPosition.None, SessionLease.None, Changes: -1);

        public bool HasBeenRead => !Position.IsNone;
    }
}
