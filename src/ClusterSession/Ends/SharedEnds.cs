using System.Buffers.Binary;
using ClusterSession.Diagnostics;
using ClusterSession.Documents;
using ClusterSession.Lifetime;
using ClusterSession.Local;
using ClusterSession.Principals;
using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.Stores.Outage;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Ends;

/// <summary>
/// The ends of sessions, as a document that all nodes share: each node knows those of the others,
/// also where the store has lost their tombstones, or is away.
/// </summary>
/// <remarks>
/// <code>
/// an end here       after the store has acknowledged it, or the journal keeps it, it is announced:
///                   what ended since the last announcement is one element
/// change            what is new is read; nothing of those sessions is used or replayed any more
/// new connection    to the same server: what is new is read
///                   to one that may lack the newest: what is new since a position that it has for
///                   certain is read, and the later ends that this node knows and it lacks are
///                   merged into it
///                   to any other: all is read, and what it lacks is merged into it
/// document missing  lost: what this node knows is merged into it
/// not responding    tried again every probe interval
/// </code>
/// <code>
/// id       process (6), as the writer of a version; number of its announcement (8)
/// rank     1
/// payload  the ends, as <see cref="EndBatch"/> has them
/// life     what is left of that of the ends
/// </code>
/// Nobody waits for any of this. Thread-safe.
/// </remarks>
internal sealed class SharedEnds(
    StoreGuard store,
    NodeSessions local,
    CommitJournal journal,
    SessionLifetime lifetime,
    TimeProvider time,
    ILogger<SharedEnds> logger
) : ISharedDocument
{
    /// <summary>The name of the document.</summary>
    public const string DocumentName = "ends";

    private const int MaxReadings = 4;
    private const int MaxBytesInOneMerge = 1 << 20;
    private const int ProcessLength = 6;
    private const int IdLength = ProcessLength + sizeof(long);
    private const long Rank = 1;
    private const int AtOnce = 64;
    private static readonly TimeSpan ShortestLife = TimeSpan.FromSeconds(1);

    private readonly KnownEnds _ends = local.Ends;
    private readonly LogRate _malformed = new(time);
    private readonly SharedDocument _document = new(store, DocumentName); // under _syncing
    private readonly ReadPositions _positions = new(time); // under _syncing
    private readonly List<EndBatch> _unsent = []; // under _syncing
    private readonly SemaphoreSlim _syncing = new(1, 1);
    private int _changes = 1; // moved by everything that may have changed the document
    private int _read; // under _syncing: _changes as it was before the last reading
    private readonly Lock _gate = new(); // guards the two below
    private int _losses; // moved where the store may have lost a part
    private long _safeUntil = long.MaxValue; // what is older than this has survived every loss not compared yet
    private int _restored; // under _syncing: _losses as it was before the last comparison

    public string Name => DocumentName;

    /// <summary>Whether what the store had was ever read.</summary>
    public bool HasBeenRead => Volatile.Read(ref _read) != 0;

    public void OnChanged()
    {
        Interlocked.Increment(ref _changes);
        _ends.Wake();
    }

    /// <summary>Whether the store would announce a change; else it has to be asked for.</summary>
    public bool IsAnnounced => _document.Lease.IsCurrent;

    /// <summary>
    /// What this node knows is merged in the background. Commits that are to be replayed do not
    /// wait for it: a session that they bring back is ended again when its end is heard later.
    /// </summary>
    public Task RestoreAsync() => RestoreAsync(long.MinValue);

    public Task RestoreAsync(long safeUntil)
    {
        Lost(safeUntil);
        OnChanged();
        return Task.CompletedTask;
    }

    /// <summary>
    /// Reads what is new, merges what the store lacks, and announces what ended here.
    /// </summary>
    public async Task<StoreFailure> SyncAsync()
    {
        await _syncing.WaitAsync().ConfigureAwait(false);
        try
        {
            var failure = StoreFailure.None;
            for (var readings = 0; failure == StoreFailure.None; readings++)
            {
                _unsent.AddRange(_ends.Announce());
                var changes = Volatile.Read(ref _changes);
                if (changes == _read && _unsent.Count == 0)
                {
                    return StoreFailure.None;
                }

                if (changes == _read || readings >= MaxReadings)
                {
                    failure = await SendAsync().ConfigureAwait(false);
                }
                else if ((failure = await ReadAsync().ConfigureAwait(false)) == StoreFailure.None)
                {
                    Volatile.Write(ref _read, changes);
                }

                if (readings >= MaxReadings)
                {
                    break; // Others change it all the time: the next round reads on.
                }
            }

            _ends.Wake();
            return failure;
        }
        finally
        {
            _syncing.Release();
        }
    }

    /// <summary>
    /// Ends again what the store has although its end is known: under the same version, so that any
    /// number of nodes may.
    /// </summary>
    public async Task EndAgainAsync()
    {
        while (_ends.TakeAgain(AtOnce) is { Count: > 0 } batch)
        {
            await Task.WhenAll(
                    batch.Select(async again =>
                    {
                        var answer = await store
                            .DestroyAsync(again.Key, again.End, lifetime.TombstoneLife)
                            .ConfigureAwait(false);
                        if (answer.Outcome == WriteOutcome.Unavailable)
                        {
                            journal.AppendEnd(again.Key, again.End);
                        }
                    })
                )
                .ConfigureAwait(false);
        }
    }

    private TimeSpan LifeLeft(EndBatch batch)
    {
        var left = time.GetElapsedTime(time.GetTimestamp(), batch.Until);
        return left > ShortestLife ? left : ShortestLife;
    }

    /// <summary>
    /// Under <see cref="_syncing"/>: what is new, or all, and then merges what is not there.
    /// </summary>
    private async ValueTask<StoreFailure> ReadAsync()
    {
        var (losses, safeUntil) = Losses();
        var isLossy = losses != _restored;
        var begunAt = time.GetTimestamp();
        var stored = new HashSet<(long Process, long Number)>();
        var isMalformed = false;
        var from = isLossy ? _positions.Before(safeUntil) : Known();
        var reading =
            isLossy || _document.Lease.IsLost
                ? await _document.ReadOnAsync(from, Take).ConfigureAwait(false)
                : await _document.ReadAsync(isComplete: false, Take).ConfigureAwait(false);
        if (isMalformed && _malformed.MayWrite(out var count))
        {
            logger.EndsMalformed(count);
        }

        if (!reading.IsAnswered)
        {
            return reading.Failure;
        }

        var read = Known();
        var isAll = reading.IsComplete || reading.IsOther || _document.Known.IsNone;
        if (isAll || isLossy)
        {
            var lacking = _ends
                .Announced()
                .Where(known =>
                    !stored.Contains((known.Batch.Process, known.Batch.Number))
                    && (isAll || known.Batch.StoredAt >= from.At)
                );
            var failure = await MergeAsync([.. lacking]).ConfigureAwait(false);
            if (failure != StoreFailure.None)
            {
                Lost(safeUntil); // It is compared again.
                return failure;
            }

            _unsent.Clear(); // They were among what was lacking.
            _ends.ComparedWithStore(begunAt);
        }

        _positions.Add(read);
        Restored(losses);
        return StoreFailure.None;

        void Take(DocumentElement element) => isMalformed |= !TryTake(element, stored);
    }

    private ReadPosition Known() => new(time.GetTimestamp(), _document.Known, _document.Lease.Partition);

    private void Lost(long safeUntil)
    {
        lock (_gate)
        {
            _losses++;
            _safeUntil = Math.Min(_safeUntil, safeUntil);
        }
    }

    private (int Losses, long SafeUntil) Losses()
    {
        lock (_gate)
        {
            return (_losses, _safeUntil);
        }
    }

    /// <summary>Under <see cref="_syncing"/>.</summary>
    private void Restored(int losses)
    {
        lock (_gate)
        {
            _restored = losses;
            _safeUntil = _losses == losses ? long.MaxValue : _safeUntil;
        }
    }

    private bool TryTake(in DocumentElement element, HashSet<(long Process, long Number)> stored)
    {
        var id = element.Id.Span;
        if (id.Length != IdLength)
        {
            return false;
        }

        var process = PrincipalVector.ReadProcess(id);
        var number = BinaryPrimitives.ReadInt64BigEndian(id[ProcessLength..]);
        stored.Add((process, number));
        if (!_ends.TryHear(process, number, element.Payload, element.Life, out var heard))
        {
            return false;
        }

        foreach (var key in heard)
        {
            local.OnEnded(key);
            if (local.Pending.Contains(key))
            {
                journal.Wake();
            }
        }

        return true;
    }

    /// <summary>Under <see cref="_syncing"/>.</summary>
    private async ValueTask<StoreFailure> SendAsync()
    {
        var failure = await MergeAsync([.. _unsent.Select(batch => (batch, LifeLeft(batch)))]).ConfigureAwait(false);
        if (failure == StoreFailure.None)
        {
            _unsent.Clear();
        }

        return failure;
    }

    /// <summary>
    /// Under <see cref="_syncing"/>. What others have changed meanwhile is read next.
    /// </summary>
    private async ValueTask<StoreFailure> MergeAsync(List<(EndBatch Batch, TimeSpan Life)> batches)
    {
        for (var from = 0; from < batches.Count; )
        {
            var (count, bytes) = (0, 0);
            while (
                from + count < batches.Count
                && count < SharedDocument.MaxElements
                && (count == 0 || bytes + batches[from + count].Batch.Payload.Length <= MaxBytesInOneMerge)
            )
            {
                bytes += batches[from + count++].Batch.Payload.Length;
            }

            var part = batches.GetRange(from, count);
            var (answer, isKnown) = await _document
                .MergeAsync(part.ConvertAll(static one => ToElement(one.Batch, one.Life)), 2 * lifetime.KnownEndLife)
                .ConfigureAwait(false);
            if (!answer.IsAnswered)
            {
                return answer.Failure;
            }

            var now = time.GetTimestamp();
            part.ForEach(one => one.Batch.StoredAt = now);
            if (!isKnown)
            {
                Interlocked.Increment(ref _changes);
            }

            from += count;
        }

        return StoreFailure.None;
    }

    private static DocumentElement ToElement(EndBatch batch, TimeSpan life)
    {
        var id = new byte[IdLength];
        PrincipalVector.WriteProcess(id, batch.Process);
        BinaryPrimitives.WriteInt64BigEndian(id.AsSpan(ProcessLength), batch.Number);
        return new DocumentElement(id, Rank, batch.Payload, life);
    }
}
