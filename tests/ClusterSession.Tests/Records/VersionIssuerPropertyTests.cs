using ClusterSession.Records;
using ClusterSession.TestKit.Sessions;
using ClusterSession.TestKit.Time;
using CsCheck;
using Xunit;

namespace ClusterSession.Tests.Records;

/// <summary>
/// The clock and the versions that it leads to, under drawn operations: commits, refusals, versions
/// of other nodes and clients, and a wall clock that steps to and fro.
/// </summary>
public sealed class VersionIssuerPropertyTests
{
    private const int Sessions = 3;
    private const long Hour = 3_600_000_000;

    // Within two hours of the clock: it follows for one, and beyond that a session goes alone.
    private static readonly Gen<Operation> Operations = Gen.Select(
        Gen.Enum<Kind>(),
        Gen.Int[0, Sessions - 1],
        Gen.Long[-2 * Hour, 2 * Hour],
        (kind, session, offset) => new Operation(kind, session, offset)
    );

    private enum Kind
    {
        Commit,
        CommitOnRecord,
        Refuse,
        SeenByClient,
        SeenOfNode,
        Step,
    }

    [Fact]
    public void Version_is_above_all_that_was_issued_opened_or_seen_of_its_session() =>
        Operations
            .Array[1, 60]
            .Sample(static operations =>
            {
                var issuer = new Issuer();
                foreach (var operation in operations)
                {
                    issuer.Do(operation);
                }
            });

    [Fact]
    public void Clock_issues_no_stamp_twice_and_none_below_one_that_it_has_followed() =>
        Gen.Long[-2 * Hour, 2 * Hour]
            .Array[1, 60]
            .Sample(static offsets =>
            {
                var time = new ManualTimeProvider();
                var clock = new HybridClock(time, 1);
                var last = 0L;
                foreach (var offset in offsets)
                {
                    var seen = Math.Max(1, Stamp(time) + offset);
                    clock.Observe(new SessionVersion(seen, 2));
                    var follows = offset <= Hour;
                    var next = clock.Next().Stamp;
                    Assert.True(next > last && (!follows || next > seen), $"{next} after {last} and {seen}");
                    last = next;
                    time.SetUtcNow(time.GetUtcNow() + TimeSpan.FromMicroseconds(offset / 4));
                }
            });

    private static long Stamp(TimeProvider time) =>
        (time.GetUtcNow().Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;

    private readonly record struct Operation(Kind Kind, int Session, long Offset);

    /// <summary>An issuer, and what it must hold to of each session.</summary>
    private sealed class Issuer
    {
        private readonly ManualTimeProvider _time = new();
        private readonly VersionIssuer _issuer;
        private readonly SessionKey[] _keys = [.. Enumerable.Range(0, Sessions).Select(_ => SessionKeys.New())];
        private readonly long[] _seen = new long[Sessions];
        private readonly List<long>[] _standing = [.. Enumerable.Range(0, Sessions).Select(_ => new List<long>())];
        private readonly IssuedVersion?[] _refusable = new IssuedVersion?[Sessions];

        public Issuer() => _issuer = new VersionIssuer(new HybridClock(_time, 1));

        public void Do(Operation operation)
        {
            var session = operation.Session;
            var other = new SessionVersion(Math.Max(1, Stamp(_time) + operation.Offset), 2);
            switch (operation.Kind)
            {
                case Kind.Commit:
                    Issue(session, default);
                    break;
                case Kind.CommitOnRecord:
                    Issue(session, other);
                    break;
                case Kind.Refuse when _refusable[session] is { } refused:
                    _issuer.Withdraw(_keys[session], refused);
                    _standing[session].Remove(refused.Version.Stamp);
                    _refusable[session] = null;
                    break;
                case Kind.SeenByClient:
                    _issuer.Observe(_keys[session], other);
                    _seen[session] = Math.Max(_seen[session], other.Stamp);
                    break;
                case Kind.SeenOfNode:
                    _issuer.Observe(other);
                    break;
                case Kind.Step:
                    _time.SetUtcNow(_time.GetUtcNow() + TimeSpan.FromMicroseconds(operation.Offset));
                    break;
                default:
                    break;
            }
        }

        private void Issue(int session, SessionVersion above)
        {
            var issued = _issuer.Next(_keys[session], above);
            var stamp = issued.Version.Stamp;
            var before = _standing[session].LastOrDefault();
            var least = Math.Max(above.Stamp, Math.Max(_seen[session], before));
            Assert.True(stamp > least, $"{stamp} is not above {least}");

            // Nothing that stands lies between what is said to be the one before and this one.
            Assert.InRange(issued.PreviousStamp, before, stamp - 1);
            _standing[session].Add(stamp);
            _refusable[session] = issued;
        }
    }
}
