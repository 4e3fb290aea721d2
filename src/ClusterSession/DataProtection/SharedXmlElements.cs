using System.Xml.Linq;
using ClusterSession.Diagnostics;
using ClusterSession.Documents;
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
/// added or retired here     known here at once, then merged into the document
/// invalidation, connection  the document is read again
/// document missing          what this node knows is merged: the store has lost it. A node that has
///                           never read it waits for those that have, and makes an empty one if
///                           there are none
/// anything new              the ring of this node expires
/// </code>
/// A document that is missing says nothing of whether there are keys: another node may have them
/// still. Only a document that exists can be known to be empty. A node that took a missing document
/// for an empty one would make a key that signs at once. Thread-safe.
/// </remarks>
internal sealed class SharedXmlElements(
    StoreGuard store,
    NodePresence presence,
    RingExpiry expiry,
    TimeProvider time,
    ILogger<SharedXmlElements> logger
) : ISharedDocument
{
    /// <summary>The name of the document.</summary>
    public const string DocumentName = "data-protection";

    private readonly DocumentMirror _document = new(store, presence, DocumentName, time, logger); // under _syncing
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

    public string Name => DocumentName;

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

    /// <summary>
    /// A counter that moves with the first reading and with every change that another node has
    /// made.
    /// </summary>
    public int Changes => Volatile.Read(ref _changes);

    /// <summary>All elements.</summary>
    /// <exception cref="InvalidOperationException">The store has not said yet which there
    /// are.</exception>
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
            "The keys of Data Protection (PersistKeysToClusterSession) have not been read from the session store "
                + $"'{store.Name}' yet ({_failure}). Every use asks again. Check the store; if it is responding, use "
                + "Data Protection only after the host has started."
        );
    }

    /// <summary>Adds an element: here at once, in the store in the background.</summary>
    /// <exception cref="InvalidOperationException">It is too large for the store.</exception>
    public void Add(XElement element)
    {
        if (XmlElements.StoredLength(element) is var length && length > SharedDocument.MaxPayload)
        {
            throw new InvalidOperationException(
                $"An element of Data Protection ('{element.Name.LocalName}') has {length} bytes, and the session store "
                    + $"'{store.Name}' (PersistKeysToClusterSession) takes at most {SharedDocument.MaxPayload}. "
                    + "Encrypt keys by a ProtectKeysWith method that adds less to them, or keep them elsewhere, such "
                    + "as with PersistKeysToFileSystem."
            );
        }

        Change(known => known.With(element));
    }

    /// <summary>Retires elements: here at once, in the store in the background.</summary>
    public void Retire(IEnumerable<XElement> elements)
    {
        Change(known => elements.Aggregate(known, static (rest, element) => rest.Retire(element)));
        expiry.Expire();
    }

    public void OnChanged() => _work.Set();

    public Task RestoreAsync()
    {
        _document.OnLoss();
        return SyncAsync();
    }

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
        var additions = 0;
        XmlElements? read = null;
        var failure = await _document
            .SyncAsync(stored =>
            {
                read = XmlElements.Read(stored);
                return read is null ? null : TakeIn(read, out additions);
            })
            .ConfigureAwait(false);
        if (failure == StoreFailure.None)
        {
            Confirm(additions);
        }
        else if (failure == StoreFailure.Damaged && read is null)
        {
            if (_malformed.MayWrite(out var times))
            {
                logger.DataProtectionKeysMalformed(times);
            }
        }
        else if (_unavailable.MayWrite(out var count))
        {
            logger.DataProtectionKeysUnavailable(failure, count);
        }

        return failure;
    }

    /// <summary>Adds to what is known what the store has.</summary>
    /// <returns>What the store lacks.</returns>
    private List<DocumentElement> TakeIn(XmlElements stored, out int additions)
    {
        bool isChanged;
        List<DocumentElement> lacking;
        lock (_gate)
        {
            var all = _known.Union(stored);
            isChanged = !all.IsSameAs(_known);
            _known = all;
            lacking = all.Beyond(stored);
            additions = _additions;
        }

        if (isChanged && _isRead)
        {
            OnNew();
        }

        return lacking;
    }

    /// <summary>The store has all that was added here up to then, and has been read.</summary>
    private void Confirm(int additions)
    {
        lock (_gate)
        {
            _sent = additions;
        }

        if (!_isRead)
        {
            _isRead = true;
            OnNew();
        }
    }

    private void OnNew()
    {
        Interlocked.Increment(ref _changes);
        expiry.Expire();
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
