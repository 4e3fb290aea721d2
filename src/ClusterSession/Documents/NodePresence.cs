using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Text;
using ClusterSession.Principals;
using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.Stores.Outage;

namespace ClusterSession.Documents;

/// <summary>
/// The nodes that serve requests now, and up to which revocation each has heard: a document in
/// which every process that has called UseClusterSession keeps one element alive.
/// </summary>
/// <remarks>
/// <code>
/// id       6 bytes: the process, as the writer in the versions of its commits
/// rank     the ordinal number of the announcement, counted by the process
/// payload  incarnation (8) and number (8) of the last change of the revocations that it knows,
///          and of each other document that it has read: length of its name (1), name
/// life     30 s, announced anew every 10 s and after each change of the revocations
/// </code>
/// Two read it: a node that ends all sessions of a principal, and a node that starts and finds a
/// document missing. Thread-safe.
/// </remarks>
internal sealed class NodePresence(StoreGuard store, HybridClock clock, TimeProvider time) : ISharedDocument
{
    /// <summary>The name of the document.</summary>
    public const string DocumentName = "nodes";

    /// <summary>How often a node announces itself.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private const int ProcessLength = 6;
    private const int PayloadLength = 2 * sizeof(long);
    private static readonly TimeSpan Life = 3 * Interval;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly SharedDocument _document = new(store, DocumentName); // under _reading
    private readonly Dictionary<long, Node> _nodes = []; // under _reading
    private int _readings; // under _reading: how many have begun
    private bool _hasRead; // under _reading: whether the last one was answered
    private readonly SemaphoreSlim _reading = new(1, 1);
    private readonly SemaphoreSlim _announcing = new(1, 1);
    private readonly ConcurrentDictionary<string, bool> _learnt = new(); // documents that were read here
    private DocumentPosition _known; // under _announcing: what was to be announced last
    private DocumentPosition _announced; // under _announcing
    private int _announcedDocuments; // under _announcing: how many of them
    private long _announcements;
    private TaskCompletionSource _change = NewChange();

    public string Name => DocumentName;

    /// <summary>Whether this process serves requests with sessions.</summary>
    public bool IsServing { get; private set; }

    /// <summary>This process serves requests with sessions from now on.</summary>
    public void Serve() => IsServing = true;

    /// <summary>Announces that this node serves, and what it knows.</summary>
    /// <param name="known">Up to where it knows the revocations.</param>
    /// <param name="isRenewal">Whether it is announced also if nothing is new.</param>
    public async Task AnnounceAsync(DocumentPosition known, bool isRenewal)
    {
        if (!IsServing || known.IsNone)
        {
            return;
        }

        await _announcing.WaitAsync().ConfigureAwait(false);
        try
        {
            _known = known;
            var mustAnnounce = isRenewal || known != _announced || _learnt.Count != _announcedDocuments;
            while (mustAnnounce)
            {
                var documents = _learnt.Count;
                var failure = await PutAsync(known, Life).ConfigureAwait(false);
                (_announced, _announcedDocuments) = failure == StoreFailure.None ? (known, documents) : default;
                mustAnnounce = failure == StoreFailure.None && _learnt.Count != documents; // Learnt meanwhile.
            }
        }
        finally
        {
            _announcing.Release();
        }
    }

    /// <summary>
    /// This node has read a document, and so can restore it. That is announced if this node has
    /// been announced.
    /// </summary>
    public async ValueTask LearnAsync(string document)
    {
        if (_learnt.TryAdd(document, true) && !_announced.IsNone)
        {
            await AnnounceAsync(_announced, isRenewal: false).ConfigureAwait(false);
        }
    }

    /// <summary>Announces itself anew where the store may have lost that.</summary>
    public Task RestoreAsync() => AnnounceAsync(_known, isRenewal: true);

    /// <summary>This node serves no more.</summary>
    public async Task LeaveAsync()
    {
        if (!_announced.IsNone)
        {
            await PutAsync(DocumentPosition.None, TimeSpan.FromMilliseconds(1)).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// The document has been changed by another node. Called on the store's receiving loop.
    /// </summary>
    public void OnChanged() => Interlocked.Exchange(ref _change, NewChange()).TrySetResult();

    /// <summary>
    /// Whether any other node has read the revocations; null if the store did not respond.
    /// </summary>
    public async ValueTask<bool?> DoOthersKnowRevocationsAsync()
    {
        var nodes = await ReadAsync().ConfigureAwait(false);
        return nodes?.Exists(static node => node.Known.Incarnation != 0);
    }

    /// <summary>
    /// Whether any other node has read a document; null if the store did not respond.
    /// </summary>
    public async ValueTask<bool?> DoOthersKnowAsync(string document)
    {
        var nodes = await ReadAsync().ConfigureAwait(false);
        return nodes?.Exists(node => node.Documents.Contains(document));
    }

    /// <summary>
    /// Waits until all serving nodes have heard of the revocations up to a position, a second at
    /// most.
    /// </summary>
    /// <returns>How many nodes serve, and how many of them have heard.</returns>
    public async ValueTask<(int Serving, int Heard)> WaitForAllAsync(DocumentPosition position)
    {
        var begun = time.GetTimestamp();
        while (true)
        {
            var change = Volatile.Read(ref _change);
            var others = await ReadAsync().ConfigureAwait(false) ?? [];
            var heard = others.Count(node => node.Knows(position));
            var self = IsServing ? 1 : 0;
            var left = Patience - time.GetElapsedTime(begun);
            if (heard == others.Count || left <= TimeSpan.Zero)
            {
                return (others.Count + self, heard + self);
            }

            try
            {
                await change.Task.WaitAsync(left, time).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                // Read once more, and answered so.
            }
        }
    }

    private static TaskCompletionSource NewChange() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The other nodes that serve; null if the store did not respond.</summary>
    private async ValueTask<List<Node>?> ReadAsync()
    {
        var begunBefore = Volatile.Read(ref _readings);
        await _reading.WaitAsync().ConfigureAwait(false);
        try
        {
            if (_readings == begunBefore)
            {
                _readings++; // Those who come from now on wait for the next one together.
                _hasRead = (await _document.ReadAsync(isComplete: false, Take).ConfigureAwait(false)).IsAnswered;
            }

            if (!_hasRead)
            {
                return null;
            }

            var now = time.GetTimestamp();
            foreach (var (process, _) in _nodes.Where(node => node.Value.Until <= now).ToList())
            {
                _nodes.Remove(process);
            }

            return [.. _nodes.Where(node => node.Key != clock.Writer).Select(static node => node.Value)];
        }
        finally
        {
            _reading.Release();
        }
    }

    private void Take(DocumentElement element)
    {
        if (element.Id.Length != ProcessLength || element.Payload.Length < PayloadLength)
        {
            return; // Of a release that announces otherwise.
        }

        var payload = element.Payload.Span;
        var known = new DocumentPosition(
            BinaryPrimitives.ReadInt64BigEndian(payload),
            BinaryPrimitives.ReadInt64BigEndian(payload[sizeof(long)..])
        );
        var until = time.GetTimestamp() + (long)(element.Life.TotalSeconds * time.TimestampFrequency);
        _nodes[PrincipalVector.ReadProcess(element.Id.Span)] = new Node(
            known,
            NamesIn(payload[PayloadLength..]),
            known.IsNone ? 0 : until
        );
    }

    private async ValueTask<StoreFailure> PutAsync(DocumentPosition known, TimeSpan life)
    {
        var id = new byte[ProcessLength];
        PrincipalVector.WriteProcess(id, clock.Writer);
        var position = new byte[PayloadLength];
        BinaryPrimitives.WriteInt64BigEndian(position, known.Incarnation);
        BinaryPrimitives.WriteInt64BigEndian(position.AsSpan(sizeof(long)), known.Sequence);
        byte[] payload =
        [
            .. position,
            .. _learnt.Keys.SelectMany(static name => (byte[])[(byte)name.Length, .. Encoding.ASCII.GetBytes(name)]),
        ];
        var element = new DocumentElement(id, ++_announcements, payload, life);
        return (await store.MergeDocumentAsync(DocumentName, [element], 2 * Life).ConfigureAwait(false)).Failure;
    }

    private static List<string> NamesIn(ReadOnlySpan<byte> payload)
    {
        var names = new List<string>();
        for (; !payload.IsEmpty && payload.Length > payload[0]; payload = payload[(1 + payload[0])..])
        {
            names.Add(Encoding.ASCII.GetString(payload.Slice(1, payload[0])));
        }

        return names;
    }

    private readonly record struct Node(DocumentPosition Known, List<string> Documents, long Until)
    {
        public bool Knows(DocumentPosition position) =>
            Known.Incarnation == position.Incarnation && Known.Sequence >= position.Sequence;
    }
}
