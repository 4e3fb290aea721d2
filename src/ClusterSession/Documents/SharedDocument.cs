using ClusterSession.Stores;
using ClusterSession.Stores.Outage;

namespace ClusterSession.Documents;

/// <summary>
/// One node's reading of a document in the store: what has changed since it was read last, or all
/// of it where that cannot be relied on. For one caller at a time.
/// </summary>
internal sealed class SharedDocument(StoreGuard store, string name)
{
    private const int MaxRestarts = 8;

    /// <summary>How many elements one merge takes.</summary>
    public const int MaxElements = 256;

    /// <summary>How long the payload of one element may be.</summary>
    public const int MaxPayload = 256 * 1024;

    private DocumentPosition _known;
    private SessionLease _lease = SessionLease.None;

    /// <summary>What was read or merged last.</summary>
    public DocumentPosition Known => _known;

    /// <summary>How long that may be relied on.</summary>
    public SessionLease Lease => _lease;

    /// <summary>Reads what is new since the last reading, or everything.</summary>
    /// <param name="isComplete">Whether everything is to be read.</param>
    /// <param name="each">Is called with each element; after a restart again.</param>
    /// <param name="onBeginning">Is called before the first element of a document that is read from
    /// its beginning; after a restart again.</param>
    public ValueTask<DocumentReading> ReadAsync(
        bool isComplete,
        Action<DocumentElement> each,
        Action? onBeginning = null
    ) =>
        isComplete || _lease.IsLost
            ? ReadAsync(ReadPosition.None, null, each, onBeginning)
            : ReadAsync(new ReadPosition(0, _known, _lease.Partition), _lease, each, onBeginning);

    /// <summary>
    /// Reads on over whatever connection there is, from a position that the store has for certain,
    /// whatever it has lost after it. Everything is read where the document is another one, or is
    /// in another partition.
    /// </summary>
    /// <param name="from">The position; none: everything is read.</param>
    /// <param name="each">Is called with each element; after a restart again.</param>
    public ValueTask<DocumentReading> ReadOnAsync(ReadPosition from, Action<DocumentElement> each) =>
        ReadAsync(from, null, each, onBeginning: null);

    private async ValueTask<DocumentReading> ReadAsync(
        ReadPosition from,
        SessionLease? lease,
        Action<DocumentElement> each,
        Action? onBeginning
    )
    {
        var before = _known;
        var position = from.Position;
        var isFromBeginning = position.IsNone;
        for (var restarts = 0; ; )
        {
            var page = await store.ReadDocumentAsync(name, position).ConfigureAwait(false);
            if (!page.IsAnswered)
            {
                return new DocumentReading(page.Failure, false, false);
            }

            var answeredUnder = page.Lease ?? SessionLease.None;
            var isElsewhere = lease is null
                ? !position.IsNone && answeredUnder.Partition != from.Partition
                : !ReferenceEquals(lease, answeredUnder);
            if (isElsewhere && !page.IsFromBeginning)
            {
                if (++restarts > MaxRestarts)
                {
                    return new DocumentReading(StoreFailure.Unknown, false, false);
                }

                (position, lease, isFromBeginning) = (DocumentPosition.None, null, true);
                continue;
            }

            lease = answeredUnder;
            isFromBeginning |= page.IsFromBeginning;
            if (page.IsFromBeginning)
            {
                onBeginning?.Invoke();
            }

            foreach (var element in page.Elements)
            {
                each(element);
            }

            position = page.Position;
            if (page.IsComplete)
            {
                (_known, _lease) = (position, lease);
                return new DocumentReading(
                    StoreFailure.None,
                    isFromBeginning,
                    position.Incarnation != before.Incarnation && !before.IsNone
                );
            }
        }
    }

    /// <summary>
    /// Merges elements, and knows them where nobody else has changed anything meanwhile.
    /// </summary>
    /// <param name="elements">The elements.</param>
    /// <param name="life">How long the document is to live.</param>
    /// <returns>What the store answers, and whether all is known that it has.</returns>
    public async ValueTask<(StoreDocument Answer, bool IsKnown)> MergeAsync(
        IReadOnlyList<DocumentElement> elements,
        TimeSpan life
    )
    {
        var answer = await store.MergeDocumentAsync(name, elements, life).ConfigureAwait(false);
        var isKnown =
            answer.IsAnswered
            && answer.Position.Incarnation == _known.Incarnation
            && answer.Before == _known.Sequence
            && ReferenceEquals(answer.Lease, _lease);
        if (isKnown)
        {
            _known = answer.Position;
        }

        return (answer, isKnown);
    }
}
