using ClusterSession.Records;
using ClusterSession.Redis.Merging;

namespace ClusterSession.Tests.Redis.Merging;

/// <summary>One session on two servers that have gone on apart from each other.</summary>
internal sealed record DrawnServers(DrawnServers.Server A, DrawnServers.Server B)
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeMilliseconds(1_790_000_000_000);
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Common commits first, then each its own, some of writers that write to both; ends and
    /// expiries.
    /// </summary>
    public static DrawnServers Draw(Random random)
    {
        var issued = new Dictionary<long, long>();
        var clock = 1000L;
        var common = new Server();
        for (var left = random.Next(0, 6); left >= 0; left--)
        {
            common.Commit(random, issued, ref clock);
        }

        var (a, b) = (common.Copy(), common.Copy());
        for (var left = random.Next(0, 12); left > 0; left--)
        {
            (random.Next(2) == 0 ? a : b).Commit(random, issued, ref clock);
        }

        foreach (var one in new[] { a, b })
        {
            switch (random.Next(12))
            {
                case 0:
                    one.End(++clock);
                    break;
                case 1:
                    one.Forget(); // It has expired here; the other side may have used it later.
                    break;
                case 2:
                    one.IsOver = true; // It is still here by a clock that is behind.
                    break;
            }
        }

        return new DrawnServers(a, b);
    }

    /// <summary>What one server has under the key, and the attributes that it must have.</summary>
    internal sealed class Server
    {
        private Dictionary<string, (SessionVersion Version, byte[]? Value)> _truth = [];
        private StoredSession? _stored;

        /// <summary>Whether its life is over, by the clocks of the others.</summary>
        public bool IsOver { get; set; }

        private bool IsEnded => _stored?.End is not null;

        private bool IsThere => _stored is not null;

        public static Server Union(Server a, Server b)
        {
            var both = a.IsThere && (!a.IsOver || b.IsThere) ? a.Copy() : new Server();
            foreach (var (name, value) in b.IsThere && (!b.IsOver || a.IsThere) ? b._truth : [])
            {
                both.Take(name, value);
            }

            // An end wins, whatever the clock says that shows its life. Of the others nothing that
            // is over comes to where nothing is.
            both._stored =
                a.IsEnded ? a._stored
                : b.IsEnded ? b._stored
                : null;
            return both;
        }

        public Server Copy() =>
            new()
            {
                _truth = new(_truth),
                _stored = _stored,
                IsOver = IsOver,
            };

        public void Commit(Random random, Dictionary<long, long> issued, ref long clock)
        {
            var writer = random.Next(1, 4);
            clock += random.Next(1, 5);
            var version = new SessionVersion(clock, writer);
            var after = issued.GetValueOrDefault(writer);
            issued[writer] = clock;
            if (random.Next(10) == 0)
            {
                return; // Lost before it came here.
            }

            var name = $"a{random.Next(4)}";
            var value = random.Next(4) == 0 ? null : BitConverter.GetBytes(clock);
            var delta = new SessionDelta();
            if (value is null)
            {
                delta.Remove(name);
            }
            else
            {
                delta.Set(name, value);
            }

            if (_stored is null)
            {
                _stored = StoredSession.Of(delta.ApplyTo(SessionRecord.New(DateTimeOffset.UnixEpoch), version, after));
            }
            else
            {
                var opened = _stored.Record;
                var change = new SessionChange(
                    opened.Version,
                    version,
                    delta,
                    [],
                    Life,
                    Life,
                    PreviousStamp: after,
                    Opened: opened
                );
                _stored = StoredSession.Commit(_stored, change).Next;
            }

            Take(name, (version, value));
        }

        public void End(long stamp) =>
            _stored = StoredSession.Destroy(_stored, new SessionEnd(new SessionVersion(stamp, 9))).Next;

        public void Forget() => (_stored, _truth) = (null, []);

        /// <summary>Does what the plan says.</summary>
        public MergeAction MergeInto(Server target, MergeBounds bounds)
        {
            if (_stored is null)
            {
                return MergeAction.Same; // Nothing that is scanned.
            }

            var source = Entry(IsOver ? TimeSpan.FromHours(1) : TimeSpan.Zero);
            MergeEntry? there = target._stored is null ? null : target.Entry(TimeSpan.Zero);
            var step = MergePlan.Decide(source, there, Now, bounds);
            switch (step.Action)
            {
                case MergeAction.End:
                    target._stored = StoredSession.Destroy(target._stored, _stored.End!.Value).Next;
                    break;
                case MergeAction.Merge or MergeAction.Create:
                    var above = Math.Max(_stored.Record.Version.Stamp, target._stored?.Record.Version.Stamp ?? 0);
                    var copy = new SessionMerge(
                        _stored.Record,
                        new SessionVersion(above + 1, 77),
                        MergeMode.Restore,
                        step.Life,
                        PreviousStamp: 0
                    );
                    target._stored = StoredSession.Merge(target._stored, copy).Next ?? target._stored;
                    break;
            }

            return step.Action;
        }

        /// <summary>
        /// Whether it has all that another one has, or has ended, or the other has expired.
        /// </summary>
        public bool Holds(Server other) =>
            IsEnded
            || other._stored is null
            || (other.IsOver && !other.IsEnded)
            || (!other.IsEnded && IsThere && _stored!.Record.ContainsAllOf(other._stored.Record));

        public bool HasExactly(Server expected)
        {
            if (expected.IsEnded || IsEnded)
            {
                return expected.IsEnded == IsEnded;
            }

            foreach (var (name, (version, value)) in expected._truth)
            {
                if (
                    _stored is null
                    || !_stored.Record.TryFind(name, out var found)
                    || found.Version != version
                    || found.Exists != value is not null
                    || (value is not null && !found.Payload.SequenceEqual(value))
                )
                {
                    return false;
                }
            }

            return true;
        }

        private void Take(string name, (SessionVersion Version, byte[]? Value) value)
        {
            if (!_truth.TryGetValue(name, out var mine) || value.Version > mine.Version)
            {
                _truth[name] = value;
            }
        }

        private MergeEntry Entry(TimeSpan behind) => new(_stored!.Record, Life, Now - behind);
    }
}
