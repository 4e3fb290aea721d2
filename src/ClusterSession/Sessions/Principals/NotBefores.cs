using ClusterSession.Diagnostics;
using ClusterSession.Sessions.Copies;
using ClusterSession.Stores;
using ClusterSession.Stores.Outage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ClusterSession.Sessions.Principals;

/// <summary>
/// Which principals' sessions were all ended, as every node of the cluster knows it.
/// </summary>
/// <remarks>
/// <code>
/// EndAsync       here at once, then into the shared list: one exchange while what this node knows is current, else a read before it
/// news           the store tells of every change of the list: it is read again, and until it is, sessions of principals are not served without asking
/// new connection the list is read again over it; its lease is that of the connection, as for a copy of a session
/// store replaced what this node knows is given back, before sessions are (StoreRecovery)
/// no answer      what is not in the store yet is sent again every probe interval; what is known here holds here
/// </code>
/// One value for all, not one for each: then a node hears of all of them by one tracked key, without asking for those it has sessions of.
/// A principal is forgotten when no session from before can be in use: the next exchange leaves out what its node has known for longer than a tombstone lives.
/// Thread-safe.
/// </remarks>
internal sealed class NotBefores(
    StoreGuard store, HybridClock clock, SessionLifetime lifetime, IOptions<ClusterSessionOptions> options, TimeProvider time, ILogger<NotBefores> logger)
{
    private readonly LogRate _malformed = new(time);

    /// <summary>The name of the shared list.</summary>
    public const string SharedName = "not-before";

    /// <summary>
    /// By how much an end is ahead of this node's clock: logins of a moment ago on a node whose clock is that much ahead are ended too. Every node that has heard of the
    /// end takes later versions, so a login after it is not.
    /// </summary>
    public static readonly TimeSpan Lead = TimeSpan.FromMilliseconds(100);

    private const int MostAttempts = 64;

    private readonly OutageOptions _outage = options.Value.Outage;
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _syncing = new(1, 1);
    private readonly WorkSignal _work = new();
    private int _news; // moved by everything that may have changed the list
    private int _losses; // moved where the store may have lost the list
    private int _restored; // under _syncing: the losses after which it was given back
    private volatile Known _known = Known.Nothing;
    private NotBeforeList _unsent = NotBeforeList.Empty; // under _gate
    private Reading? _reading;

    /// <summary>Whether the list has ever been read.</summary>
    public bool HaveBeenRead => _known.HasBeenRead;

    private bool IsCurrent => _known is var known && known.News == Volatile.Read(ref _news) && known.Lease.IsCurrent;

    /// <summary>Whether a copy that is fresh may be served without asking: it has no principal, or all ends are known and none is its own. No allocation.</summary>
    public bool Allow(LocalCopy copy)
    {
        if (!SessionPrincipal.IsIn(copy.Record))
        {
            return true;
        }

        var known = _known;
        return known.News == Volatile.Read(ref _news)
            && (ReferenceEquals(known.Lease, copy.Lease) || known.Lease.IsCurrent)
            && !HaveEnded(copy.Record, known.List);
    }

    /// <summary>Whether the session was ended with all of its principal, as far as this node knows.</summary>
    public bool HaveEnded(SessionRecord record) => HaveEnded(record, _known.List);

    /// <summary>A session is over with any of those whose it is: the others may have found it, and
    /// not begun it.</summary>
    private static bool HaveEnded(SessionRecord record, NotBeforeList list)
    {
        if (list.Count > 0)
        {
            foreach (var (principal, recorded) in SessionPrincipal.In(record))
            {
                if (list.HasEnded(principal, recorded))
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>Ends all sessions of a principal that are recorded as such by now.</summary>
    /// <returns>Why the store did not take it in time; then it holds here, and is sent until the store takes it.</returns>
    public async ValueTask<StoreFailure> EndAsync(PrincipalKey principal)
    {
        var now = clock.Next();
        var version = new SessionVersion(Math.Min(now.Stamp + (Lead.Ticks / TimeSpan.TicksPerMicrosecond), SessionVersion.MaxStamp), now.Writer);
        clock.Observe(version);
        var begun = time.GetTimestamp();
        lock (_gate)
        {
            _unsent = _unsent.With(principal, version, begun);
            _known = _known with { List = _known.List.With(principal, version, begun) };
        }

        while (true)
        {
            var failure = await SyncAsync().ConfigureAwait(false);
            if (failure == StoreFailure.None || time.GetElapsedTime(begun) + _outage.ProbeInterval >= _outage.HardTimeout)
            {
                logger.PrincipalEnded(failure == StoreFailure.None);
                return failure;
            }

            await Task.Delay(_outage.ProbeInterval, time, CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <summary>Reads the list if what is known of it is not current; no longer than the soft timeout, counted for all who wait together.</summary>
    /// <returns>False if the store gave no answer.</returns>
    public async ValueTask<bool> EnsureCurrentAsync()
    {
        if (IsCurrent)
        {
            return true;
        }

        var reading = Volatile.Read(ref _reading);
        if (reading is null or { Done.IsCompleted: true })
        {
            if (reading is { HasFailed: true } && time.GetElapsedTime(reading.Since) < _outage.HardTimeout)
            {
                return false; // It is tried in the background; not every request is to wait for that.
            }

            var mine = new Reading(time.GetTimestamp());
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
            return await reading.Done.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, time).ConfigureAwait(false) == StoreFailure.None;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    /// <summary>The list has been changed by another node, or a connection is new. Called on the store's receiving loop.</summary>
    public void OnNews()
    {
        Interlocked.Increment(ref _news);
        Wake();
    }

    /// <summary>The store may lack what it had: it is given back what this node knows.</summary>
    public Task RestoreAsync()
    {
        Interlocked.Increment(ref _losses);
        return SyncAsync();
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
            var news = Volatile.Read(ref _news);
            var losses = Volatile.Read(ref _losses);
            var shared = IsCurrent && losses == _restored ? _known.Shared : await store.ReadSharedAsync(SharedName).ConfigureAwait(false);
            for (var attempt = 0; shared.IsAnswered; attempt++)
            {
                if ((shared.Value is null ? NotBeforeList.Empty : NotBeforeList.Read(shared.Value, time.GetTimestamp())) is not { } stored)
                {
                    if (_malformed.MayWrite(out var count))
                    {
                        logger.NotBeforesMalformed(count);
                    }

                    return StoreFailure.Refused;
                }

                var wanted = TakeIn(stored, shared, news, all: losses != _restored || shared.Value is null);
                if (stored.Contains(wanted))
                {
                    _restored = losses;
                    return StoreFailure.None;
                }

                if (attempt == MostAttempts)
                {
                    Wake();
                    return StoreFailure.Unknown;
                }

                news = Volatile.Read(ref _news);
                shared = await store.CompareExchangeSharedAsync(SharedName, shared.Value, wanted.Write()).ConfigureAwait(false);
            }

            Wake();
            return shared.Failure;
        }
        finally
        {
            _syncing.Release();
        }
    }

    /// <summary>Adds to what is known what the store has.</summary>
    /// <returns>What the store should have. What is only known, and neither sent from here nor lost there, another node has left out: it has known it for longer.</returns>
    private NotBeforeList TakeIn(NotBeforeList stored, StoreShared shared, int news, bool all)
    {
        clock.Observe(stored.Newest);
        lock (_gate)
        {
            var list = stored.Merge(_known.List.Where((principal, heardAt) => IsYoung(heardAt) || stored.Knows(principal)));
            _known = new Known(list, shared, news);
            _unsent = _unsent.Except(stored);
            return list.Where((principal, heardAt) => IsYoung(heardAt) && (all || stored.Knows(principal))).Merge(_unsent);
        }
    }

    private bool IsYoung(long heardAt) => time.GetElapsedTime(heardAt) <= lifetime.TombstoneLife;

    /// <summary>What is known, and the answer of the store that it was last compared with.</summary>
    private sealed record Known(NotBeforeList List, StoreShared Shared, int News)
    {
        public static Known Nothing { get; } = new(NotBeforeList.Empty, new StoreShared(null, StoreFailure.Unreachable), News: -1);

        public bool HasBeenRead => News >= 0;

        public SessionLease Lease => Shared.Lease ?? SessionLease.None;
    }

    /// <summary>A reading that several requests wait for.</summary>
    private sealed class Reading(long since)
    {
        private readonly TaskCompletionSource<StoreFailure> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private volatile bool _hasFailed;

        public long Since { get; } = since;

        public Task<StoreFailure> Done => _done.Task;

        public bool HasFailed => _hasFailed;

        public async Task RunAsync(Task<StoreFailure> reading)
        {
            try
            {
                var failure = await reading.ConfigureAwait(false);
                _hasFailed = failure != StoreFailure.None;
                _done.SetResult(failure);
            }
            catch (Exception failure)
            {
                _done.SetException(failure);
            }
        }
    }
}
