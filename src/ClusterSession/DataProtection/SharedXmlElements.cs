using System.Xml.Linq;
using ClusterSession.Diagnostics;
using ClusterSession.Recovery;
using ClusterSession.Signals;
using ClusterSession.Stores;
using ClusterSession.Stores.Outage;
using Microsoft.Extensions.Logging;

namespace ClusterSession.DataProtection;

/// <summary>
/// The keys and revocations of Data Protection, as every node of the cluster knows them.
/// </summary>
/// <remarks>
/// <code>
/// added or retired here     known here at once, then united with the shared value
/// invalidation, connection  the shared value is read again
/// value missing             what this node knows is written: the store has lost it, or never had it
/// anything new              the ring of this node expires
/// </code>
/// A value that is missing says nothing of whether there are keys: another node may have them still.
/// It is empty only once it exists and is. A node that took the first for the second would make a key
/// that signs at once. Thread-safe.
/// </remarks>
internal sealed class SharedXmlElements(
    StoreGuard store, RingExpiry expiry, TimeProvider time, ILogger<SharedXmlElements> logger) : ISharedValue
{
    /// <summary>The name of the shared value.</summary>
    public const string SharedName = "data-protection";

    private const int MostAttempts = 64;

    private readonly LogRate _unavailable = new(time);
    private readonly LogRate _malformed = new(time);
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _syncing = new(1, 1);
    private readonly WorkSignal _work = new();
    private volatile XmlElements _known = XmlElements.Empty;
    private volatile bool _isRead;
    private StoreFailure _failure = StoreFailure.Unreachable;
    private int _additions; // under _gate: moved by what is added or retired here
    private int _sent; // under _gate: the additions that the store has
    private int _changes;

    public string Name => SharedName;

    /// <summary>Whether the store does not have all that was added here.</summary>
    public bool HasUnsent
    {
        get
        {
            lock (_gate)
            {
                return _sent != _additions;
            }
        }
    }

    /// <summary>Moves with every change that another node has made.</summary>
    public int Changes => Volatile.Read(ref _changes);

    /// <summary>All elements.</summary>
    /// <exception cref="InvalidOperationException">The store has not said yet which there are.</exception>
    public IReadOnlyCollection<XElement> Read()
    {
        if (_isRead)
        {
            return _known.Elements;
        }

        if (_syncing.CurrentCount > 0)
        {
            _ = SyncAsync(); // Nobody else may do it yet, where the host has not started.
        }

        throw new InvalidOperationException(
            "The keys of Data Protection (PersistKeysToClusterSession) have not been read from the session store " +
            $"'{store.Name}' yet ({_failure}). Every use asks again. Check the store; if it is responding, use Data " +
            "Protection only after the host has started.");
    }

    /// <summary>Adds an element: here at once, in the store in the background.</summary>
    public void Add(XElement element) => Change(known => known.With(element));

    /// <summary>Retires elements: here at once, in the store in the background.</summary>
    public void Retire(IEnumerable<XElement> elements)
    {
        Change(known => elements.Aggregate(known, static (rest, element) => rest.Retire(element)));
        expiry.Expire();
    }

    public void OnChanged() => _work.Set();

    public Task RestoreAsync() => SyncAsync();

    /// <summary>Waits until there is something to read or send.</summary>
    public Task WaitForWorkAsync(CancellationToken cancellationToken) => _work.WaitAsync(cancellationToken);

    /// <summary>Makes what the store has and what this node knows the same.</summary>
    public async Task<StoreFailure> SyncAsync()
    {
        await _syncing.WaitAsync().ConfigureAwait(false);
        try
        {
            return _failure = await SyncAloneAsync().ConfigureAwait(false);
        }
        finally
        {
            _syncing.Release();
        }
    }

    private async Task<StoreFailure> SyncAloneAsync()
    {
        var shared = await store.ReadSharedAsync(SharedName).ConfigureAwait(false);
        for (var attempt = 0; shared.IsAnswered && attempt < MostAttempts; attempt++)
        {
            if ((shared.Value is null ? XmlElements.Empty : XmlElements.Read(shared.Value)) is not { } stored)
            {
                if (_malformed.MayWrite(out var times))
                {
                    logger.DataProtectionKeysMalformed(times);
                }

                return StoreFailure.Refused;
            }

            var wanted = TakeIn(stored, isThere: shared.Value is not null);
            if (wanted is null)
            {
                return StoreFailure.None;
            }

            shared = await store.CompareExchangeSharedAsync(SharedName, shared.Value, wanted.Write()).ConfigureAwait(false);
        }

        if (_unavailable.MayWrite(out var count))
        {
            logger.DataProtectionKeysUnavailable(shared.Failure, count);
        }

        return shared.IsAnswered ? StoreFailure.Unknown : shared.Failure;
    }

    /// <summary>Adds to what is known what the store has.</summary>
    /// <returns>What the store should have, or null if it has all.</returns>
    private XmlElements? TakeIn(XmlElements stored, bool isThere)
    {
        XmlElements? united;
        bool isChanged;
        lock (_gate)
        {
            var all = _known.Union(stored);
            isChanged = isThere && (!_isRead || !all.IsSameAs(_known));
            _known = all;
            _isRead |= isThere;
            united = all;
            if (isThere && all.IsSameAs(stored))
            {
                _sent = _additions;
                united = null;
            }
        }

        if (isChanged)
        {
            Interlocked.Increment(ref _changes);
            expiry.Expire();
        }

        return united;
    }

    private void Change(Func<XmlElements, XmlElements> change)
    {
        lock (_gate)
        {
            _known = change(_known);
            _additions++;
        }

        _work.Set();
    }
}
