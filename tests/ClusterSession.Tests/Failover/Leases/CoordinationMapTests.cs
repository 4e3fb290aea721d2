using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Leases;
using Xunit;

namespace ClusterSession.Tests.Failover.Leases;

/// <summary>The map that all members of the coordination store agree on.</summary>
public sealed class CoordinationMapTests
{
    private const int Seeds = 50;
    private const int Steps = 200;

    private static readonly OperationKind[] Kinds = [OperationKind.Acquire, OperationKind.Release, OperationKind.Write];
    private static readonly string[] Names = ["north", "south"];
    private static readonly string[] Holders = ["a", "b", "c"];

    private UInt128 _ids;

    [Fact]
    public void Acquire_takes_the_lease_and_writes_the_document_at_once()
    {
        var map = new CoordinationMap();
        var answer = map.Apply(Acquire("a", 0, 0), 1);
        Assert.Equal(AnswerKind.Done, answer.Kind);
        var record = map.Find("north");
        Assert.Equal(("a", 1, 1), (record.Holder, record.Epoch, record.Version));
        Assert.Equal("document"u8, record.Document.Span);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    public void Acquire_on_another_state_than_the_present_changes_nothing(long epoch, long version)
    {
        var map = new CoordinationMap();
        map.Apply(Acquire("a", 0, 0), 1);
        var before = MapSnapshot.Encode(map).ToArray();
        Assert.Equal(AnswerKind.Conflict, map.Apply(Acquire("b", epoch, version), 1).Kind);
        Assert.Equal(before, MapSnapshot.Encode(map).ToArray());
    }

    [Fact]
    public void Repeated_acquire_is_answered_alike_and_takes_no_second_epoch()
    {
        var map = new CoordinationMap();
        var acquire = Acquire("a", 0, 0);
        var first = map.Apply(acquire, 1);
        map.Apply(Write(0, 1), 1);
        var second = map.Apply(acquire, 1);
        Assert.Equal(
            (first.Kind, first.State.Epoch, first.State.Version),
            (second.Kind, second.State.Epoch, second.State.Version)
        );
        Assert.Equal(1, map.Find("north").Epoch);
        Assert.Equal(2, map.Find("north").Version);
    }

    [Fact]
    public void Repeated_acquire_whose_lease_is_gone_is_a_conflict()
    {
        var map = new CoordinationMap();
        var acquire = Acquire("a", 0, 0);
        map.Apply(acquire, 1);
        map.Apply(Acquire("b", 1, 1), 1);
        Assert.Equal(AnswerKind.Conflict, map.Apply(acquire, 1).Kind);
        Assert.Equal("b", map.Find("north").Holder);
    }

    [Fact]
    public void Operation_that_was_forgotten_is_refused_when_it_is_repeated()
    {
        var map = new CoordinationMap();
        var acquire = Acquire("a", 0, 0);
        map.Apply(acquire, 1);
        for (var i = 0; i < ClusterRecord.MaxDone; i++)
        {
            Assert.Equal(AnswerKind.Done, map.Apply(Write(0, i + 1), 1).Kind);
        }

        Assert.Equal(ClusterRecord.MaxDone, map.Find("north").Done.Count);
        Assert.Equal(AnswerKind.Conflict, map.Apply(acquire, 1).Kind);
        Assert.Equal(1, map.Find("north").Epoch);
    }

    [Fact]
    public void Entry_that_was_decided_in_an_earlier_reign_is_refused()
    {
        var map = new CoordinationMap();
        map.Apply(Acquire("a", 0, 0), 3);
        map.Pass(5);
        Assert.Equal(AnswerKind.Conflict, map.Apply(Acquire("b", 1, 1), 4).Kind);
        Assert.Equal("a", map.Find("north").Holder);
    }

    /// <summary>
    /// Alike on every member: an entry that one of them could not pass would stop it for good.
    /// </summary>
    [Fact]
    public void Entry_with_a_value_out_of_its_range_is_refused_and_changes_nothing()
    {
        var map = new CoordinationMap();
        map.Apply(Acquire("a", 0, 0), 1);
        var before = MapSnapshot.Encode(map).ToArray();
        Operation[] wrong =
        [
            Acquire("b", 1, 1) with
            {
                TtlMilliseconds = long.MaxValue,
            },
            Acquire("b", 1, 1) with
            {
                TtlMilliseconds = 0,
            },
            Acquire("b", 1, 1) with
            {
                Holder = null,
            },
            Acquire("b", 0, 0, ""),
            Write(0, 1) with
            {
                Document = new byte[Operation.LargestDocument + 1],
            },
            Write(0, 1) with
            {
                Kind = (OperationKind)9,
            },
        ];
        Assert.All(wrong, operation => Assert.Equal(AnswerKind.Conflict, map.Apply(operation, 1).Kind));
        Assert.Equal(before, MapSnapshot.Encode(map).ToArray());
    }

    [Fact]
    public void Write_and_release_under_another_grant_are_lost()
    {
        var map = new CoordinationMap();
        map.Apply(Acquire("a", 0, 0), 1);
        Assert.Equal(AnswerKind.Lost, map.Apply(Write(2, 1), 1).Kind);
        Assert.Equal(AnswerKind.Lost, map.Apply(Release("b", 1), 1).Kind);
        Assert.Equal(AnswerKind.Lost, map.Apply(Release("a", 2), 1).Kind);
        Assert.Equal(AnswerKind.Done, map.Apply(Write(1, 1), 1).Kind);
        Assert.Equal(AnswerKind.Done, map.Apply(Release("a", 1), 1).Kind);
        Assert.Null(map.Find("north").Holder);
        Assert.Equal(AnswerKind.Lost, map.Apply(Write(1, 2), 1).Kind);
    }

    [Fact]
    public void Store_holds_no_more_clusters_than_its_snapshot_may_have()
    {
        var map = new CoordinationMap();
        for (var i = 0; i < CoordinationMap.MaxClusters; i++)
        {
            Assert.Equal(AnswerKind.Done, map.Apply(Acquire("a", 0, 0, $"cluster {i}"), 1).Kind);
        }

        Assert.Equal(AnswerKind.Full, map.Apply(Acquire("a", 0, 0, "one more"), 1).Kind);
        Assert.Equal(CoordinationMap.MaxClusters, map.Clusters.Count);
        Assert.Equal(AnswerKind.Done, map.Apply(Acquire("b", 1, 1, "cluster 0"), 1).Kind);
    }

    /// <summary>
    /// Against a model that keeps only numbers, and a map that is restored at every step.
    /// </summary>
    [Fact]
    public void Drawn_operations_come_to_what_a_plain_model_says()
    {
        var answers = new HashSet<AnswerKind>();
        for (var seed = 0; seed < Seeds; seed++)
        {
            var random = new Random(seed);
            var map = new CoordinationMap();
            var models = Names.ToDictionary(name => name, _ => new PlainModel());
            var sent = new List<Operation>();
            for (var step = 0; step < Steps; step++)
            {
                var operation = Draw(random, models, sent);
                sent.Add(operation);
                var expected = models[operation.Cluster].Apply(operation);
                var answer = map.Apply(operation, 1);
                answers.Add(answer.Kind);
                Assert.True(expected == answer.Kind, $"seed {seed}, step {step}: {answer.Kind} instead of {expected}");
                Assert.True(models[operation.Cluster].Equals(map.Find(operation.Cluster)), $"seed {seed}, step {step}");

                var bytes = MapSnapshot.Encode(map).ToArray();
                map = new CoordinationMap();
                MapSnapshot.Decode(bytes, map);
                Assert.Equal(bytes, MapSnapshot.Encode(map).ToArray());
            }
        }

        Assert.Equal([AnswerKind.Done, AnswerKind.Conflict, AnswerKind.Lost], answers.Order());
    }

    private Operation Draw(Random random, Dictionary<string, PlainModel> models, List<Operation> sent)
    {
        if (sent.Count > 0 && random.Next(4) == 0)
        {
            return sent[random.Next(Math.Max(0, sent.Count - 80), sent.Count)];
        }

        var kind = Kinds[random.Next(Kinds.Length)];
        var name = Names[random.Next(Names.Length)];
        var wrong = random.Next(8) == 0 ? 1 : 0;
        var isFree = kind == OperationKind.Write && random.Next(2) == 0;
        return new Operation(kind, new OperationId(++_ids), name)
        {
            Holder = Holders[random.Next(Holders.Length)],
            Epoch = isFree ? 0 : models[name].Epoch + wrong,
            Version = models[name].Version + (random.Next(8) == 0 ? 1 : 0),
            TtlMilliseconds = kind == OperationKind.Acquire ? 1000 : 0,
            Document =
                kind == OperationKind.Release && random.Next(2) == 0 ? default(ReadOnlyMemory<byte>?) : Byte(random),
        };
    }

    private static ReadOnlyMemory<byte> Byte(Random random) => new[] { (byte)random.Next() };

    private Operation Acquire(string holder, long epoch, long version, string cluster = "north") =>
        new(OperationKind.Acquire, new OperationId(++_ids), cluster)
        {
            Holder = holder,
            Epoch = epoch,
            Version = version,
            TtlMilliseconds = 1000,
            Document = "document"u8.ToArray(),
        };

    private Operation Write(long epoch, long version) =>
        new(OperationKind.Write, new OperationId(++_ids), "north")
        {
            Epoch = epoch,
            Version = version,
            Document = "another"u8.ToArray(),
        };

    private Operation Release(string holder, long epoch) =>
        new(OperationKind.Release, new OperationId(++_ids), "north") { Holder = holder, Epoch = epoch };

    /// <summary>What the operations mean, written once more without records and copies.</summary>
    private sealed class PlainModel
    {
        private readonly List<(OperationId Id, long Epoch)> _done = [];
        private string? _holder;
        private byte[] _document = [];

        public long Epoch { get; private set; }

        public long Version { get; private set; }

        public AnswerKind Apply(Operation operation)
        {
            if (_done.Exists(done => done.Id == operation.Id))
            {
                var epoch = _done.Find(done => done.Id == operation.Id).Epoch;
                var isGone = operation.Kind == OperationKind.Acquire && (_holder != operation.Holder || Epoch != epoch);
                return isGone ? AnswerKind.Conflict : AnswerKind.Done;
            }

            switch (operation.Kind)
            {
                case OperationKind.Acquire:
                    if (operation.Epoch != Epoch || operation.Version != Version)
                    {
                        return AnswerKind.Conflict;
                    }

                    (_holder, Epoch) = (operation.Holder, Epoch + 1);
                    break;
                case OperationKind.Release:
                    if (_holder is null || operation.Holder != _holder || operation.Epoch != Epoch)
                    {
                        return AnswerKind.Lost;
                    }

                    if (operation.Document is not null && operation.Version != Version)
                    {
                        return AnswerKind.Conflict;
                    }

                    _holder = null;
                    break;
                default:
                    if (operation.Epoch != 0 && (_holder is null || operation.Epoch != Epoch))
                    {
                        return AnswerKind.Lost;
                    }

                    if (operation.Version != Version)
                    {
                        return AnswerKind.Conflict;
                    }

                    break;
            }

            if (operation.Document is { } document)
            {
                (_document, Version) = (document.ToArray(), Version + 1);
            }

            _done.Add((operation.Id, Epoch));
            if (_done.Count > ClusterRecord.MaxDone)
            {
                _done.RemoveAt(0);
            }

            return AnswerKind.Done;
        }

        public bool Equals(ClusterRecord record) =>
            record.Holder == _holder
            && record.Epoch == Epoch
            && record.Version == Version
            && record.Document.Span.SequenceEqual(_document)
            && record.Done.Select(done => done.Id).SequenceEqual(_done.Select(done => done.Id));
    }
}
