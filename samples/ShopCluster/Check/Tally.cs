using System.Collections.Concurrent;

namespace ShopCluster.Check;

/// <summary>
/// What the clients have seen, counted while it happens. Clients write at once; the one who kills
/// nodes and the report read.
/// </summary>
internal sealed class Tally
{
    private const int KeptWitnesses = 5;

    private readonly ConcurrentDictionary<string, NodeTally> _nodes = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> _witnesses = new();
    private long _answered;
    private long _writes;
    private long _moves;
    private long _passedOn;
    private long _retries;
    private long _gaveUp;
    private long _stale;
    private long _returned;
    private long _foreign;

    public long Answered => Interlocked.Read(ref _answered);

    public long Writes => Interlocked.Read(ref _writes);

    /// <summary>
    /// How often a client's next request went to another node than the one before: only these show
    /// that sessions are shared.
    /// </summary>
    public long Moves => Interlocked.Read(ref _moves);

    public long PassedOn => Interlocked.Read(ref _passedOn);

    public long Retries => Interlocked.Read(ref _retries);

    public long GaveUp => Interlocked.Read(ref _gaveUp);

    public long Stale => Interlocked.Read(ref _stale);

    public long Returned => Interlocked.Read(ref _returned);

    public long Foreign => Interlocked.Read(ref _foreign);

    /// <summary>The first few things that went wrong, in words.</summary>
    public IEnumerable<string> Witnesses => _witnesses;

    public NodeTally Node(string name) => _nodes.GetOrAdd(name, _ => new NodeTally());

    public void CountAnswer(string node, bool fromLocalCopy, bool write, bool passedOn)
    {
        Interlocked.Increment(ref _answered);
        if (write)
        {
            Interlocked.Increment(ref _writes);
        }

        if (passedOn)
        {
            Interlocked.Increment(ref _passedOn);
        }

        Node(node).Count(fromLocalCopy);
    }

    public void CountMove() => Interlocked.Increment(ref _moves);

    public void CountRetry() => Interlocked.Increment(ref _retries);

    public void CountGaveUp(string witness) => Count(ref _gaveUp, witness);

    public void CountStale(string witness) => Count(ref _stale, witness);

    public void CountReturned(string witness) => Count(ref _returned, witness);

    public void CountForeign(string witness) => Count(ref _foreign, witness);

    /// <summary>Keeps a sentence for the report, unless there are enough.</summary>
    public void Witness(string witness)
    {
        if (_witnesses.Count < KeptWitnesses)
        {
            _witnesses.Enqueue(witness);
        }
    }

    private void Count(ref long counter, string witness)
    {
        Interlocked.Increment(ref counter);
        Witness(witness);
    }
}

/// <summary>The part of one node.</summary>
internal sealed class NodeTally
{
    private long _answered;
    private long _fromLocalCopy;

    public long Answered => Interlocked.Read(ref _answered);

    public long FromLocalCopy => Interlocked.Read(ref _fromLocalCopy);

    public void Count(bool fromLocalCopy)
    {
        Interlocked.Increment(ref _answered);
        if (fromLocalCopy)
        {
            Interlocked.Increment(ref _fromLocalCopy);
        }
    }
}
