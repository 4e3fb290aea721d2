using System.Security.Cryptography;

namespace ClusterSession.Stores.InMemory;

/// <summary>The documents that in-memory stores of one process share. Thread-safe.</summary>
internal sealed class InMemoryDocuments(TimeProvider time)
{
    private const int MaxInOneReading = 1000;
    private const int MaxForgottenAtOnce = 8;
    private readonly Dictionary<string, Document> _documents = [];

    public StoreDocument Read(string name, DocumentPosition known)
    {
        lock (_documents)
        {
            if (Find(name) is not { } document)
            {
                return new StoreDocument(DocumentPosition.None, Lease: SessionLease.Always) { IsComplete = true };
            }

            var isKnown = known.Incarnation == document.Incarnation && known.Sequence <= document.Sequence;
            var since = isKnown ? known.Sequence : 0;
            var now = time.GetTimestamp();
            var found = document.Since(since).Take(MaxInOneReading).ToList();
            var reached = found.Count == MaxInOneReading ? found[^1].Sequence : document.Sequence;
            return new StoreDocument(new DocumentPosition(document.Incarnation, reached), Lease: SessionLease.Always)
            {
                IsFromBeginning = since == 0,
                IsComplete = reached == document.Sequence,
                Elements =
                [
                    .. found
                        .Where(stored => stored.Until > now)
                        .Select(stored => stored.Element with { Life = Between(now, stored.Until) }),
                ],
            };
        }
    }

    public StoreDocument Merge(string name, IReadOnlyList<DocumentElement> elements, TimeSpan life, out bool isChanged)
    {
        lock (_documents)
        {
            var now = time.GetTimestamp();
            isChanged = false;
            if (Find(name) is not { } document)
            {
                _documents[name] = document = new Document();
                isChanged = true;
            }

            document.Forget(now, MaxForgottenAtOnce);
            var before = document.Sequence;
            foreach (var element in elements)
            {
                document.Put(element, now, After(now, element.Life));
            }

            isChanged |= document.Sequence > before;
            document.Until = Math.Max(document.Until, After(now, life));
            return new StoreDocument(
                new DocumentPosition(document.Incarnation, document.Sequence),
                Lease: SessionLease.Always
            )
            {
                Before = before,
            };
        }
    }

    public void Forget(string name)
    {
        lock (_documents)
        {
            _documents.Remove(name);
        }
    }

    private long After(long now, TimeSpan life) =>
        life == TimeSpan.MaxValue ? long.MaxValue : now + (long)(life.TotalSeconds * time.TimestampFrequency);

    private TimeSpan Between(long now, long until) =>
        until == long.MaxValue ? TimeSpan.MaxValue : time.GetElapsedTime(now, until);

    private Document? Find(string name)
    {
        if (_documents.TryGetValue(name, out var document) && document.Until <= time.GetTimestamp())
        {
            _documents.Remove(name);
            document = null;
        }

        return document;
    }

    private sealed class Document
    {
        private readonly Dictionary<string, Stored> _elements = [];
        private readonly SortedSet<Stored> _order = new(
            Comparer<Stored>.Create(static (a, b) => a.Sequence.CompareTo(b.Sequence))
        );

        private readonly PriorityQueue<Stored, long> _ends = new();

        public long Incarnation { get; } =
            BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long))) & long.MaxValue | 1;

        public long Sequence { get; private set; }

        public long Until { get; set; }

        public IEnumerable<Stored> Since(long sequence) =>
            sequence >= Sequence
                ? []
                : _order.GetViewBetween(new Stored(default, sequence + 1, 0), new Stored(default, long.MaxValue, 0));

        public void Put(DocumentElement element, long now, long until)
        {
            var id = Convert.ToHexString(element.Id.Span);
            if (_elements.TryGetValue(id, out var present))
            {
                if (present.Until > now && present.Element.Rank >= element.Rank)
                {
                    return;
                }

                _order.Remove(present);
            }

            var stored = new Stored(
                element with
                {
                    Id = element.Id.ToArray(),
                    Payload = element.Payload.ToArray(),
                },
                ++Sequence,
                until
            );
            _elements[id] = stored;
            _order.Add(stored);
            _ends.Enqueue(stored, until);
            Until = Math.Max(Until, until);
        }

        public void Forget(long now, int most)
        {
            for (var i = 0; i < most && _ends.TryPeek(out var stored, out var until) && until <= now; i++)
            {
                _ends.Dequeue();
                var id = Convert.ToHexString(stored.Element.Id.Span);
                if (_elements.TryGetValue(id, out var present) && ReferenceEquals(present, stored))
                {
                    _elements.Remove(id);
                    _order.Remove(stored);
                }
            }
        }
    }

    private sealed record Stored(DocumentElement Element, long Sequence, long Until);
}
