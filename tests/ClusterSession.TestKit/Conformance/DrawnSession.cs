using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using ClusterSession.Records;
using ClusterSession.Stores;

namespace ClusterSession.TestKit.Conformance;

/// <summary>
/// One session on many nodes and a store that loses commits in the middle, drawn at random. Beside
/// each record stands the set of the commits that it has truly absorbed.
/// </summary>
public sealed class DrawnSession
{
    private static readonly TimeSpan Life = TimeSpan.FromHours(1);
    private readonly Random _random;
    private readonly IStore _store;
    private readonly Node[] _nodes;
    private readonly List<SessionVersion> _issued = [];
    private readonly Dictionary<SessionVersion, (string Name, SessionVersion Removed)> _removals = [];
    private HashSet<SessionVersion> _inStore = [];
    private HashSet<SessionVersion> _inSnapshot = [];
    private long _now = 100_000;
    private readonly bool _mayDrop;
    private readonly List<string> _story = [];
    private Counts _counts;

    /// <summary>Begins with a session that is stored.</summary>
    /// <param name="random">Draws everything.</param>
    /// <param name="nodes">How many nodes there are.</param>
    /// <param name="store">Where the session is.</param>
    /// <param name="mayDrop">
    /// Whether all but the newest four tombstones are dropped. Then, as in the product, a node that
    /// finds that the store lacks something of its copy sends all of it at once; else that is left
    /// to chance.
    /// </param>
    public DrawnSession(Random random, int nodes, IStore store, bool mayDrop)
    {
        _mayDrop = mayDrop;
        _random = random;
        _store = store;
        _nodes = [.. Enumerable.Range(1, nodes).Select(writer => new Node(writer, random.Next(-50, 50)))];
    }

    /// <summary>What the history went through.</summary>
    /// <param name="Checked">Commits looked for in a record.</param>
    /// <param name="Missed">Of these: not said to be contained although they are.</param>
    /// <param name="Removed">Values looked for that a record had seen and removed.</param>
    public readonly record struct Counts(int Checked, int Missed, int Removed)
    {
        public static Counts operator +(Counts a, Counts b) =>
            new(a.Checked + b.Checked, a.Missed + b.Missed, a.Removed + b.Removed);
    }

    /// <summary>A store with one session.</summary>
    public interface IStore
    {
        ValueTask<StoreWrite> CommitAsync(SessionChange change);

        ValueTask<StoreWrite> MergeAsync(SessionMerge copy);

        ValueTask<SessionRecord?> ReadAsync();

        ValueTask SnapshotAsync();

        ValueTask FailOverAsync();
    }

    /// <summary>What was wrong, or null.</summary>
    public string? Failure { get; private set; }

    /// <summary>What happened, in order.</summary>
    public string Story => string.Join('\n', _story);

    public Counts Result => _counts;

    public async Task RunAsync(int steps)
    {
        var creator = _nodes[0];
        var (version, after, _) = creator.Issue(_now, 0);
        _issued.Add(version);
        var created = Setting("a0").ApplyTo(SessionRecord.New(DateTimeOffset.UnixEpoch), version, after);
        await _store.MergeAsync(new SessionMerge(created, version, MergeMode.Create, Life));
        _inStore = [version];
        creator.Keep(created, _inStore);
        await SnapshotAsync();
        for (var step = 0; step < steps && Failure is null; step++)
        {
            _now += _random.Next(1, 5);
            await StepAsync(_nodes[_random.Next(_nodes.Length)]);
            if (Failure is null && (_nodes.Length < 20 || step % 8 == 0))
            {
                var stored = (await _store.ReadAsync())!;
                Check(stored, _inStore, "the store");
                var node = _nodes[_random.Next(_nodes.Length)];
                if (node.Record is { } copy)
                {
                    Check(copy, node.Truth, "a node");
                }
            }
        }
    }

    private async Task StepAsync(Node node)
    {
        switch (_random.Next(100))
        {
            case < 6:
                await OpenAsync(node);
                await CommitTwoAtOnceAsync(node);
                break;
            case < 60:
                await OpenAsync(node);
                await CommitAsync(node, Issue(node));
                break;
            case < 76:
                await ReadAsync(node);
                break;
            case < 86 when node.Record is not null:
                await RepairAsync(node);
                break;
            case < 90:
                _story.Add($"node {node.Writer} evicts");
                node.Evict(_random.Next(2) == 0);
                break;
            case < 95:
                await SnapshotAsync();
                break;
            case < 97:
                _story.Add("fails over");
                await _store.FailOverAsync();
                _inStore = [.. _inSnapshot];
                break;
        }
    }

    private async Task SnapshotAsync()
    {
        _story.Add("snapshot");
        await _store.SnapshotAsync();
        _inSnapshot = [.. _inStore];
    }

    private async Task OpenAsync(Node node)
    {
        if (node.Record is null)
        {
            node.Keep((await _store.ReadAsync())!, _inStore);
        }
    }

    private async Task ReadAsync(Node node)
    {
        _story.Add($"node {node.Writer} reads");
        var stored = (await _store.ReadAsync())!;
        if (node.Record is null)
        {
            node.Keep(stored, _inStore);
        }
        else if (_mayDrop && !node.Truth.IsSubsetOf(_inStore))
        {
            await RepairAsync(node);
        }
        else
        {
            node.Keep(SessionRecord.Merge(node.Record, stored), [.. node.Truth, .. _inStore]);
        }
    }

    /// <summary>
    /// Of two requests at once, the one that was given its version first may be sent last.
    /// </summary>
    private async Task CommitTwoAtOnceAsync(Node node)
    {
        var (first, second) = (Issue(node), Issue(node));
        var (opened, truth) = (node.Record!, node.Truth);
        await CommitAsync(node, second);
        var (record, all) = (node.Record!, node.Truth);
        node.Keep(opened, truth);
        await CommitAsync(node, first);
        node.Keep(SessionRecord.Merge(record, node.Record!), [.. all, .. node.Truth]);
    }

    private Issued Issue(Node node) => node.Issue(_now, Math.Max(node.Record!.Version.Stamp, node.Seen));

    private async Task CommitAsync(Node node, Issued issued)
    {
        var (version, after, nothing) = issued;
        var opened = node.Record!;
        _issued.Add(version);
        var name = "a" + _random.Next(6).ToString(CultureInfo.InvariantCulture);
        SessionDelta delta;
        if (_random.Next(3) == 0 && opened.TryFind(name, out var old) && old.Exists)
        {
            delta = new SessionDelta();
            delta.Remove(name);
            _removals[version] = (name, old.Version);
        }
        else
        {
            delta = Setting(name);
        }

        IReadOnlyList<string> forgotten = [];
        if (_mayDrop && _random.Next(4) == 0)
        {
            forgotten = Droppable(opened);
            if (delta.Changes[0].Value is null && _random.Next(2) == 0)
            {
                forgotten = [.. forgotten, name]; // As one of very many that a request removes.
            }
        }

        _story.Add(
            $"node {node.Writer} commits {version} after {after:x} on {opened.Version}: "
                + $"{(delta.Changes[0].Value is null ? "removes" : "sets")} {name}, forgetting {string.Join(' ', forgotten)}"
        );
        var change = new SessionChange(
            opened.Version,
            version,
            delta,
            forgotten,
            Life,
            Life,
            PreviousStamp: after,
            Opened: opened,
            UnusedStamps: nothing
        );
        var isSent = _random.Next(100) < 93; // Else it is acknowledged, and only this node has it.
        if (isSent)
        {
            var answer = await _store.CommitAsync(change);
            _story[^1] += $" -> {answer.Outcome} {(answer.IsBaseMissing ? "base missing" : "")}";
            if (answer.Outcome == WriteOutcome.Superseded)
            {
                node.Withdraw(issued);
                node.Seen = answer.Previous.Stamp;
                _issued.Remove(version);
                _removals.Remove(version); // The number may become another commit's.
                return;
            }

            _inStore.Add(version);
            if (_mayDrop && answer.IsBaseMissing)
            {
                node.Keep(delta.ApplyTo(opened, version, after), [.. node.Truth, version]);
                await RepairAsync(node);
                return;
            }
        }

        node.Keep(delta.ApplyTo(opened, version, after), [.. node.Truth, version]);
    }

    /// <summary>
    /// A whole copy under a new version, or what is newer than a base that the store has.
    /// </summary>
    private async Task RepairAsync(Node node)
    {
        var record = node.Record!;
        var stored = (await _store.ReadAsync())!;
        var issued = node.Issue(_now, Math.Max(record.Version.Stamp, stored.Version.Stamp));
        var (version, after, nothing) = issued;
        _issued.Add(version);
        var answer = await _store.MergeAsync(
            new SessionMerge(record, version, MergeMode.Restore, Life, PreviousStamp: after, UnusedStamps: nothing)
        );
        _story.Add($"node {node.Writer} repairs with {record.Version} as {version} -> {answer.Outcome}");
        if (answer.Outcome == WriteOutcome.Committed)
        {
            _inStore.UnionWith(node.Truth);
            _inStore.Add(version);
            node.Keep((await _store.ReadAsync())!, _inStore);
        }
        else
        {
            node.Withdraw(issued);
            _issued.Remove(version);
        }
    }

    private void Check(SessionRecord record, HashSet<SessionVersion> truth, string where)
    {
        for (var i = 0; i < 4; i++)
        {
            var version = _issued[
                _random.Next(2) == 0
                    ? _random.Next(_issued.Count)
                    : Math.Max(0, _issued.Count - 1 - _random.Next(2 * _nodes.Length))
            ];
            var isSaid = record.Contains(version);
            if (isSaid && !truth.Contains(version))
            {
                Failure = $"{where} says that it contains {version} and does not";
                return;
            }

            _counts += new Counts(1, !isSaid && truth.Contains(version) ? 1 : 0, 0);
        }

        foreach (var (removal, (name, removed)) in _removals)
        {
            if (!truth.Contains(removal) || !truth.Contains(removed))
            {
                continue;
            }

            _counts += new Counts(0, 0, 1);
            if (record.TryFind(name, out var found) && found.Exists && found.Version == removed)
            {
                Failure = $"{where} has {name} of {removed} again, which {removal} removed";
                return;
            }
        }
    }

    /// <summary>
    /// Nearly all tombstones, so that what remains must be recognised without them.
    /// </summary>
    private static string[] Droppable(SessionRecord record)
    {
        var tombstones = new List<(SessionVersion Version, string Name)>();
        foreach (var attribute in record)
        {
            if (
                !attribute.Exists
                && SessionVersion.TryRead(attribute.Payload, out var removed)
                && (removed.Stamp <= record.ForgottenUpTo || record.Contains(removed))
            )
            {
                tombstones.Add((attribute.Version, attribute.Name));
            }
        }

        return [.. tombstones.OrderBy(one => one.Version).SkipLast(4).Select(one => one.Name)];
    }

    private static SessionDelta Setting(string name)
    {
        var delta = new SessionDelta();
        delta.Set(name, Encoding.UTF8.GetBytes("v"));
        return delta;
    }

    /// <summary>
    /// A version, the stamp issued before it, and intervals in which nothing was committed.
    /// </summary>
    private readonly record struct Issued(SessionVersion Version, long PreviousStamp, byte[] UnusedStamps);

    /// <summary>A process: its copy, and the last stamp that it issued.</summary>
    private sealed class Node(long writer, int skew)
    {
        public long Writer => writer;

        private long _last;
        private byte[] _void = [];

        public SessionRecord? Record { get; private set; }

        public HashSet<SessionVersion> Truth { get; private set; } = [];

        public long Seen { get; set; }

        public Issued Issue(long now, long above)
        {
            var (after, nothing) = (_last, _void);
            _last = Math.Max(Math.Max(_last, above) + 1, now + skew);
            _void = [];
            return new Issued(new SessionVersion(_last, writer), after, nothing);
        }

        /// <summary>What the store has refused was no commit: the next one says so.</summary>
        public void Withdraw(Issued refused)
        {
            _void = [.. _void, .. refused.UnusedStamps];
            if (_last == refused.Version.Stamp)
            {
                _last = refused.PreviousStamp;
            }
            else
            {
                _void = [.. _void, .. IntervalOf(refused)];
            }
        }

        private static byte[] IntervalOf(Issued issued)
        {
            var interval = new byte[8 + SessionVersion.EncodedLength - 1];
            BinaryPrimitives.WriteInt64BigEndian(interval, issued.PreviousStamp << 8);
            issued.Version.WriteTo(interval.AsSpan(7));
            return interval;
        }

        public void Keep(SessionRecord record, IEnumerable<SessionVersion> truth) =>
            (Record, Truth) = (record, [.. truth]);

        /// <summary>
        /// Also forgets what it issued last, as one that has too many sessions to remember; then it
        /// says less.
        /// </summary>
        public void Evict(bool isForgotten)
        {
            (Record, Truth) = (null, []);
            if (isForgotten)
            {
                _last += 3; // The highest stamp forgotten is of another session.
                _void = [];
            }
        }
    }
}
