using ClusterSession.Lifetime;
using ClusterSession.Local;
using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.TestKit.Sessions;
using ClusterSession.TestKit.Time;
using CsCheck;
using Xunit;

namespace ClusterSession.Tests.Local;

/// <summary>
/// Local copies under drawn operations: what was shown here is not lost by an older answer, what
/// somebody changed is not served as fresh, the bounds hold, and what is counted is what is there.
/// </summary>
public sealed class LocalCopiesPropertyTests
{
    private const int Sessions = 6;
    private const int MaxCount = 4;
    private const int Overhead = 180;

    private static readonly Gen<Operation> Operations = Gen.Select(
        Gen.Enum<Kind>(),
        Gen.Int[0, Sessions - 1],
        Gen.Int[1, 9],
        Gen.Int[0, 200],
        (kind, session, stamp, size) => new Operation(kind, session, stamp, size)
    );

    private enum Kind
    {
        Mark,
        Publish,
        PublishOverMark,
        PutIncomplete,
        Change,
        Drop,
    }

    [Fact]
    public void Copies_keep_what_was_shown_and_serve_nothing_that_was_changed() =>
        Operations
            .Array[1, 80]
            .Sample(static operations =>
            {
                var copies = new Copies();
                foreach (var operation in operations)
                {
                    copies.Do(operation);
                    copies.AreCounted();
                }
            });

    private readonly record struct Operation(Kind Kind, int Session, int Stamp, int Size);

    private sealed class Copies
    {
        private readonly PendingSessions _pending = new();
        private readonly LocalCopies _copies;
        private readonly SessionKey[] _keys = [.. Enumerable.Range(0, Sessions).Select(_ => SessionKeys.New())];
        private readonly SessionRecord?[] _shown = new SessionRecord?[Sessions];
        private readonly int?[] _marks = new int?[Sessions];

        public Copies()
        {
            var options = new LocalCopyOptions { MaxCount = MaxCount };
            _copies = new LocalCopies(options, new CoarseClock(new ManualTimeProvider()), _pending);

            // The store lacks something of the first session: its copy is never evicted.
            _pending.GetOrAdd(_keys[0], DateTimeOffset.UnixEpoch);
            _pending.CountOne();
        }

        public void Do(Operation operation)
        {
            var (session, key) = (operation.Session, _keys[operation.Session]);
            var record = Record(operation.Stamp, operation.Size);
            switch (operation.Kind)
            {
                case Kind.Mark:
                    _marks[session] = _copies.Mark(key);
                    break;
                case Kind.Publish:
                    Published(session, _copies.Publish(key, record, SessionLease.Always, _copies.Mark(key), 0), record);
                    break;
                case Kind.PublishOverMark when _marks[session] is { } mark:
                    var isOvertaken = _copies.Mark(key) != mark;
                    var copy = _copies.Publish(key, record, SessionLease.Always, mark, 0);
                    Assert.False(isOvertaken && copy.IsFresh && ReferenceEquals(copy.Record, record));
                    Published(session, copy, record);
                    break;
                case Kind.PutIncomplete:
                    _copies.PutIncomplete(key, record);
                    Shown(session, record);
                    Assert.False(_copies.TryGet(key, out var incomplete) && incomplete.IsFresh);
                    break;
                case Kind.Change:
                    _copies.OnChanged(key);
                    Assert.False(_copies.TryGet(key, out var changed) && changed.IsFresh);
                    break;
                case Kind.Drop:
                    _copies.Drop(key);
                    _shown[session] = null;
                    Assert.False(_copies.TryGet(key, out _));
                    break;
                default:
                    break;
            }
        }

        /// <summary>Count and bytes are those of the copies that are there.</summary>
        public void AreCounted()
        {
            var all = _copies.All().ToArray();
            Assert.InRange(all.Length, 0, MaxCount + 1); // And the one that is never evicted.
            Assert.Equal(
                (all.Length, all.Sum(copy => (long)copy.Value.Record.Size + Overhead)),
                (_copies.Count, _copies.Bytes)
            );
            for (var i = 0; i < Sessions; i++)
            {
                if (!_copies.TryGet(_keys[i], out var copy))
                {
                    Assert.False(i == 0 && _shown[0] is not null, "what the store lacks was evicted");
                    _shown[i] = null;
                }
                else if (_shown[i] is { } shown)
                {
                    Assert.True(copy.Record.ContainsAllOf(shown), $"session {i} lacks what was shown of it");
                }
            }
        }

        private void Published(int session, LocalCopy copy, SessionRecord record)
        {
            Assert.True(copy.Record.ContainsAllOf(record), "the answer is in the copy");
            Shown(session, record);
        }

        private void Shown(int session, SessionRecord record) =>
            _shown[session] = _shown[session] is { } shown ? SessionRecord.Merge(shown, record) : record;

        /// <summary>The state after so many commits of one writer.</summary>
        private static SessionRecord Record(int stamp, int size)
        {
            var version = new SessionVersion(stamp, 1);
            return RecordSketch.At().Commit(version, after: 0).With("a", new byte[size], version).Build();
        }
    }
}
