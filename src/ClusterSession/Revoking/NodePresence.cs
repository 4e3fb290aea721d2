using System.Buffers.Binary;
using ClusterSession.Principals;
using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.Stores.Outage;

namespace ClusterSession.Revoking;

/// <summary>
/// The nodes that serve requests now, and up to which revocation each has heard: a document in
/// which
/// every process that has called UseClusterSession keeps one element alive.
/// </summary>
/// <remarks>
/// <code>
/// id       6 bytes: the process, as the writer in the versions of its commits
/// rank     the how manieth announcement of the process it is
/// payload  incarnation (8) and number (8) of the last change of the revocations that it knows
/// life     30 s, announced anew every 10 s and after each change of the revocations
/// </code>
/// Nobody reads it but who ends all sessions of somebody, and a node that starts and finds no
/// revocations. Thread-safe.
/// </remarks>
internal sealed class NodePresence(StoreGuard store, HybridClock clock, TimeProvider time)
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
    private DocumentPosition _announced;
    private long _announcements;
    private TaskCompletionSource _change = NewChange();

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
            if (isRenewal || known != _announced)
            {
                _announced = await PutAsync(known, Life).ConfigureAwait(false) == StoreFailure.None ? known : default;
            }
        }
        finally
        {
            _announcing.Release();
        }
    }

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
    /// Waits until all serving nodes have heard of the revocations up to a position, a second at
    /// most.
    /// </summary>
    public async ValueTask<EndAllResult> WaitForAllAsync(DocumentPosition position)
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
                return new EndAllResult(others.Count + self, heard + self);
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
            BinaryPrimitives.ReadInt64BigEndian(payload), BinaryPrimitives.ReadInt64BigEndian(payload[sizeof(long)..]));
        var until = time.GetTimestamp() + (long)(element.Life.TotalSeconds * time.TimestampFrequency);
        _nodes[PrincipalVector.ReadProcess(element.Id.Span)] = new Node(known, known.IsNone ? 0 : until);
    }

    private async ValueTask<StoreFailure> PutAsync(DocumentPosition known, TimeSpan life)
    {
        var id = new byte[ProcessLength];
        PrincipalVector.WriteProcess(id, clock.Writer);
        var payload = new byte[PayloadLength];
        BinaryPrimitives.WriteInt64BigEndian(payload, known.Incarnation);
        BinaryPrimitives.WriteInt64BigEndian(payload.AsSpan(sizeof(long)), known.Sequence);
        var element = new DocumentElement(id, ++_announcements, payload, life);
        return (await store.MergeDocumentAsync(DocumentName, [element], 2 * Life).ConfigureAwait(false)).Failure;
    }

    private readonly record struct Node(DocumentPosition Known, long Until)
    {
        public bool Knows(DocumentPosition position) =>
            Known.Incarnation == position.Incarnation && Known.Sequence >= position.Sequence;
    }
}
