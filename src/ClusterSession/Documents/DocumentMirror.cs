using ClusterSession.Diagnostics;
using ClusterSession.Stores;
using ClusterSession.Stores.Outage;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Documents;

/// <summary>
/// What the store has of a small document that lives for ever, and how that and what this node
/// knows are made the same. For one caller at a time, but for <see cref="OnLoss"/>.
/// </summary>
/// <remarks>
/// <code>
/// document read     the owner merges it into what it knows, and says which elements the store
///                   lacks
/// document missing  lost, if this node has read it: it restores what it knows
///                   never made, or lost before this node started: nodes that announce that they
///                   know it are waited for, since they restore it; if there are none it is made
/// </code>
/// Nothing that this node knows is ever replaced by what the store has: a store that went back, or
/// was emptied, is completed.
/// </remarks>
internal sealed class DocumentMirror(
    StoreGuard store,
    NodePresence presence,
    string name,
    TimeProvider time,
    ILogger logger
)
{
    private const int MaxAttempts = 8;
    private const int MaxBytesInOneMerge = 1 << 20;

    private readonly SharedDocument _document = new(store, name);
    private readonly Dictionary<string, DocumentElement> _stored = [];
    private readonly LogRate _awaited = new(time);
    private readonly LogRate _lost = new(time);
    private int _losses; // moved where the store may have lost a part
    private int _restored; // the losses after which it was compared

    /// <summary>Whether the document has ever been read.</summary>
    public bool HasBeenRead { get; private set; }

    /// <summary>What the store had when it was last read.</summary>
    public IReadOnlyCollection<DocumentElement> Stored => _stored.Values;

    /// <summary>The store may lack what it had: the next time, all of it is read.</summary>
    public void OnLoss() => Interlocked.Increment(ref _losses);

    /// <summary>Makes what the store has and what the owner knows the same.</summary>
    /// <param name="complete">
    /// Merges what the store has into what the owner knows, and answers with the elements that the
    /// store lacks; null if it has some that cannot be read, or the owner cannot write: then
    /// nothing is changed.
    /// </param>
    /// <returns><see cref="StoreFailure.Damaged"/> where <paramref name="complete"/> answers
    /// null.</returns>
    public async ValueTask<StoreFailure> SyncAsync(
        Func<IReadOnlyCollection<DocumentElement>, IReadOnlyList<DocumentElement>?> complete
    )
    {
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            var losses = Volatile.Read(ref _losses);
            var failure = await ReadAsync(isComplete: losses != _restored).ConfigureAwait(false);
            var isMissing = _document.Known.IsNone;
            if (failure == StoreFailure.None && isMissing)
            {
                failure = await MayBeMadeAsync().ConfigureAwait(false);
            }

            if (failure != StoreFailure.None)
            {
                return failure;
            }

            if (complete(Stored) is not { } lacking)
            {
                return StoreFailure.Damaged;
            }

            if (!isMissing && lacking.Count == 0)
            {
                _restored = losses;
                HasBeenRead = true;
                await presence.LearnAsync(name).ConfigureAwait(false);
                return StoreFailure.None;
            }

            failure = await MergeAsync(lacking).ConfigureAwait(false);
            if (failure != StoreFailure.None)
            {
                return failure;
            }
        }

        return StoreFailure.Unknown;
    }

    /// <summary>Merges elements, and makes the document if it does not exist.</summary>
    public async ValueTask<StoreFailure> MergeAsync(IReadOnlyList<DocumentElement> elements)
    {
        for (var from = 0; from == 0 || from < elements.Count; )
        {
            var (count, bytes) = (0, 0);
            while (
                from + count < elements.Count
                && count < SharedDocument.MaxElements
                && (count == 0 || bytes + elements[from + count].Payload.Length <= MaxBytesInOneMerge)
            )
            {
                bytes += elements[from + count++].Payload.Length;
            }

            var part = elements.Skip(from).Take(count).ToList();
            var (answer, isKnown) = await _document.MergeAsync(part, TimeSpan.MaxValue).ConfigureAwait(false);
            if (!answer.IsAnswered)
            {
                return answer.Failure;
            }

            if (isKnown)
            {
                Put(part); // Reading on begins behind them.
            }

            from += Math.Max(1, count);
        }

        return StoreFailure.None;
    }

    private void Put(List<DocumentElement> merged)
    {
        foreach (var element in merged)
        {
            var id = Convert.ToHexString(element.Id.Span);
            if (!_stored.TryGetValue(id, out var present) || present.Rank < element.Rank)
            {
                _stored[id] = element;
            }
        }
    }

    /// <summary>Whether what was read last may be relied on without asking.</summary>
    public bool IsCurrent => _document.Lease.IsCurrent;

    private async ValueTask<StoreFailure> ReadAsync(bool isComplete)
    {
        var found = new Dictionary<string, DocumentElement>();
        var isFromBeginning = false;
        var reading = await _document
            .ReadAsync(
                isComplete,
                element => found[Convert.ToHexString(element.Id.Span)] = element,
                () =>
                {
                    found.Clear();
                    isFromBeginning = true;
                }
            )
            .ConfigureAwait(false);
        if (!reading.IsAnswered)
        {
            return reading.Failure;
        }

        if (isFromBeginning || _document.Known.IsNone)
        {
            _stored.Clear();
        }

        foreach (var (id, element) in found)
        {
            _stored[id] = element;
        }

        return StoreFailure.None;
    }

    /// <summary>There is no document: whether this node may make it, or restore it.</summary>
    private async ValueTask<StoreFailure> MayBeMadeAsync()
    {
        if (HasBeenRead)
        {
            if (_lost.MayWrite(out _))
            {
                logger.DocumentLost(name);
            }

            // The announcements may be lost too, and a node that starts then would not wait for
            // this one.
            await presence.RestoreAsync().ConfigureAwait(false);
            return StoreFailure.None;
        }

        var others = await presence.DoOthersKnowAsync(name).ConfigureAwait(false);
        if (others == true && _awaited.MayWrite(out var count))
        {
            logger.DocumentAwaited(name, count);
        }

        return others == false ? StoreFailure.None : StoreFailure.Unknown;
    }
}
