using ClusterSession.Diagnostics;
using ClusterSession.Documents;
using ClusterSession.Stores;

namespace ClusterSession.Revoking;

/// <summary>
/// Reading the document, restoring it and merging into it: all under the semaphore of the
/// synchronization.
/// </summary>
internal sealed partial class Revocations
{
    /// <summary>Reads what is new, and replays what the store has lost.</summary>
    private async ValueTask<StoreFailure> ReadAsync(int losses)
    {
        var changes = Volatile.Read(ref _changes);
        var stored = new HashSet<Revocation>();
        var isMalformed = false;
        var reading = await _document
            .ReadAsync(isComplete: losses != _restored, element =>
            {
                if (Revocation.TryRead(element, out var revocation))
                {
                    stored.Add(revocation);
                    _list.Take(revocation, element.Life);
                }
                else
                {
                    isMalformed = true;
                }
            })
            .ConfigureAwait(false);
        if (!reading.IsAnswered)
        {
            return reading.Failure;
        }

        if (isMalformed)
        {
            if (_malformed.MayWrite(out var count))
            {
                logger.RevocationsMalformed(count);
            }

            return StoreFailure.Refused;
        }

        if (_document.Known.IsNone)
        {
            return await MakeAsync(stored).ConfigureAwait(false);
        }

        if (reading.IsComplete && HaveBeenRead && (reading.IsOther || losses != _restored))
        {
            var failure = await RestoreMissingAsync(stored).ConfigureAwait(false);
            if (failure != StoreFailure.None)
            {
                return failure;
            }
        }

        _restored = losses;
        _known = new Known(_document.Known, _document.Lease, changes);
        _list.Forget();
        return StoreFailure.None;
    }

    /// <summary>
    /// The store has no document. A node that has read it restores it. A node that has just started
    /// asks the others; if none of them has read it, the node makes an empty one.
    /// </summary>
    private async ValueTask<StoreFailure> MakeAsync(HashSet<Revocation> stored)
    {
        if (HaveBeenRead)
        {
            logger.RevocationsLost(_list.Count);
            // The announcements may be lost too, and a node that starts then would not wait for
            // this one.
            await presence.RestoreAsync().ConfigureAwait(false);
            return await RestoreMissingAsync(stored).ConfigureAwait(false);
        }

        var others = await presence.DoOthersKnowRevocationsAsync().ConfigureAwait(false);
        return others switch
        {
            null => StoreFailure.Unknown,
            true => StoreFailure.Unknown, // They restore it.
            false => await MergeAsync([]).ConfigureAwait(false),
        };
    }

    private async ValueTask<StoreFailure> RestoreMissingAsync(HashSet<Revocation> stored)
    {
        var lacking = _list
            .All()
            .Where(known => !stored.Contains(known.Revocation))
            .Select(known => known.Revocation.ToElement(known.Life))
            .ToList();
        if (lacking.Count == 0 && !_document.Known.IsNone)
        {
            return StoreFailure.None;
        }

        for (var at = 0; at == 0 || at < lacking.Count; at += SharedDocument.MaxElements)
        {
            var failure = await MergeAsync(
                    lacking.GetRange(at, Math.Min(SharedDocument.MaxElements, lacking.Count - at))
                )
                .ConfigureAwait(false);
            if (failure != StoreFailure.None)
            {
                Interlocked.Increment(ref _losses); // It is compared again.
                return failure;
            }
        }

        return StoreFailure.None;
    }

    /// <summary>
    /// Under <see cref="_syncing"/>. What others have changed meanwhile is read next.
    /// </summary>
    private async ValueTask<StoreFailure> MergeAsync(IReadOnlyList<DocumentElement> elements)
    {
        var (answer, isKnown) = await _document.MergeAsync(elements, _documentLife).ConfigureAwait(false);
        if (!answer.IsAnswered)
        {
            return answer.Failure;
        }

        _prolongedAt = time.GetTimestamp();
        if (isKnown)
        {
            _known = _known with { Position = answer.Position };
        }
        else
        {
            Interlocked.Increment(ref _changes);
            Wake();
        }

        return StoreFailure.None;
    }
}
