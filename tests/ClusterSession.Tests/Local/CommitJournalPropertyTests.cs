using ClusterSession.Local;
using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.TestKit.Sessions;
using ClusterSession.TestKit.Stores;
using ClusterSession.Tests.Nodes;
using CsCheck;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Local;

/// <summary>
/// The journal under drawn operations while the store is unreachable: what it has taken is there
/// until all of it was sent, what it has refused changes nothing, and its bounds and counts hold.
/// </summary>
public sealed class CommitJournalPropertyTests : NodeTests
{
    private const int SessionCount = 5;
    private const int MaxSessions = 3;
    private const int MaxBytes = 2000;

    private static readonly Gen<Operation> Operations = Gen.Select(
        Gen.Enum<Kind>(),
        Gen.Int[0, SessionCount - 1],
        Gen.Int[0, 3],
        Gen.Int[1, 600],
        (kind, session, attribute, size) => new Operation(kind, session, attribute, size)
    );

    private enum Kind
    {
        Commit,
        End,
        Send,
        SendWhileMoreComes,
    }

    [Fact]
    public async Task What_the_journal_has_taken_is_there_until_it_was_sent()
    {
        var node = await StartAsync(
            options: static options =>
            {
                options.Outage.JournalSessions = MaxSessions;
                options.Outage.JournalBytes = MaxBytes;
            },
            store: new FaultyStore(Store) { Failing = StoreOperations.All }
        );
        var journal = node.Services.GetRequiredService<CommitJournal>();
        var pending = node.Services.GetRequiredService<NodeSessions>().Pending;
        Operations
            .Array[1, 40]
            .Sample(
                operations =>
                {
                    var drawn = new Drawn(journal, pending);
                    foreach (var operation in operations)
                    {
                        drawn.Do(operation);
                    }

                    drawn.SendAll();
                    Assert.Equal((0, 0L), (pending.Count, pending.Bytes));
                },
                iter: 2000,
                threads: 1 // All samples are of one journal.
            );
    }

    private readonly record struct Operation(Kind Kind, int Session, int Attribute, int Size);

    private sealed class Drawn(CommitJournal journal, PendingSessions pending)
    {
        private readonly SessionKey[] _keys = [.. Enumerable.Range(0, SessionCount).Select(_ => SessionKeys.New())];
        private readonly SessionRecord[] _opened =
        [
            .. Enumerable
                .Range(0, SessionCount)
                .Select(_ => RecordSketch.At(new SessionVersion(1, 1)).With("z", "", new SessionVersion(1, 1)).Build()),
        ];
        private readonly Dictionary<string, SessionVersion>[] _taken =
        [
            .. Enumerable.Range(0, SessionCount).Select(_ => new Dictionary<string, SessionVersion>()),
        ];
        private readonly bool[] _hasEnded = new bool[SessionCount];
        private long _stamp = 1;

        public void Do(Operation operation)
        {
            var session = operation.Session;
            switch (operation.Kind)
            {
                case Kind.Commit when !_hasEnded[session]:
                    Commit(operation);
                    break;
                case Kind.End when !_hasEnded[session]:
                    End(session);
                    break;
                case Kind.Send:
                    Send(session);
                    break;
                case Kind.SendWhileMoreComes
                    when !_hasEnded[session] && pending.TryGet(_keys[session], out var sending):
                    var (record, end) = (sending.Record, sending.End);
                    if (Commit(operation))
                    {
                        journal.Sent(_keys[session], sending, record, end);
                        Assert.True(pending.Contains(_keys[session]), "what came meanwhile was not sent");
                    }

                    break;
                default:
                    break;
            }

            AreThere();
        }

        public void SendAll()
        {
            for (var i = 0; i < SessionCount; i++)
            {
                Send(i);
            }
        }

        private bool Commit(Operation operation)
        {
            var (session, name) = (operation.Session, $"a{operation.Attribute}");
            var version = new SessionVersion(++_stamp, 1);
            var delta = new SessionDelta();
            delta.Set(name, new byte[operation.Size]);
            var (count, bytes) = (pending.Count, pending.Bytes);
            var isFirst = !pending.Contains(_keys[session]);
            var kept = journal.Append(
                _keys[session],
                _opened[session],
                isComplete: true,
                delta,
                new IssuedVersion(version, IssuedVersion.Unknown),
                StoreFailure.Unreachable
            );
            if (kept is null)
            {
                Assert.True(isFirst, "only a session that nothing is pending of is refused");
                Assert.True(count >= MaxSessions || bytes + _opened[session].Size > MaxBytes, "there was room");
                Assert.Equal((count, bytes), (pending.Count, pending.Bytes));
                return false;
            }

            Assert.InRange(pending.Count, 1, MaxSessions);
            _taken[session][name] = version;
            return true;
        }

        private void End(int session)
        {
            if (journal.AppendEnd(_keys[session], new SessionEnd(new SessionVersion(++_stamp, 1))))
            {
                _hasEnded[session] = true;
                _taken[session].Clear();
            }
        }

        private void Send(int session)
        {
            if (pending.TryGet(_keys[session], out var all))
            {
                journal.Sent(_keys[session], all, all.Record, all.End);
                _taken[session].Clear();
            }

            Assert.False(pending.Contains(_keys[session]));
        }

        private void AreThere()
        {
            var bytes = 0L;
            for (var i = 0; i < SessionCount; i++)
            {
                var record = pending.TryGet(_keys[i], out var all) ? all.Record : null;
                bytes += record?.Size ?? 0;
                foreach (var (name, version) in _taken[i])
                {
                    Assert.True(
                        record is not null && record.TryFind(name, out var attribute) && attribute.Version == version,
                        $"{name} of session {i} was taken, and is not there"
                    );
                }
            }

            Assert.Equal(bytes, pending.Bytes);
        }
    }
}
