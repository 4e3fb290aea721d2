using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Leases;
using Xunit;

namespace ClusterSession.Tests.Failover.Leases;

/// <summary>What is in the log, in snapshots and on the wire between servers.</summary>
public sealed class CoordinationFormatTests
{
    private static readonly Operation Sample = new(OperationKind.Acquire, new OperationId(7), "north")
    {
        Holder = "agent a",
        Epoch = 3,
        Version = 4,
        TtlMilliseconds = 2000,
        Document = new byte[] { 1, 2, 3 },
    };

    [Fact]
    public void Operation_is_read_as_it_was_written()
    {
        var read = Operation.Decode(Sample.Encode().Span);
        Assert.Equal(Sample with { Document = null }, read with { Document = null });
        Assert.Equal(Sample.Document!.Value.ToArray(), read.Document!.Value.ToArray());
        var release = Sample with { Kind = OperationKind.Release, TtlMilliseconds = 0, Document = null };
        Assert.Null(Operation.Decode(release.Encode().Span).Document);
    }

    /// <summary>The ends of each range, and what each kind leaves out.</summary>
    [Fact]
    public void Operation_at_the_ends_of_its_range_is_read()
    {
        Operation[] right =
        [
            Sample with
            {
                TtlMilliseconds = 100,
                Epoch = 0,
                Version = 0,
                Document = Array.Empty<byte>(),
            },
            Sample with
            {
                TtlMilliseconds = 3_600_000,
                Holder = new string('x', Operation.LongestHolder),
            },
            Sample with
            {
                Cluster = new string('x', Operation.LongestCluster),
            },
            Sample with
            {
                Document = new byte[Operation.LargestDocument],
            },
            new Operation(OperationKind.Read, default, "north"),
            new Operation(OperationKind.Renew, default, "north") { Holder = "a", Epoch = 1 },
            new Operation(OperationKind.Release, default, "north") { Holder = "a", Epoch = 1 },
            new Operation(OperationKind.Write, default, "north") { Document = Array.Empty<byte>() },
        ];
        Assert.All(right, operation =>
            Assert.Equal(
                operation with
                {
                    Document = null,
                },
                Operation.Decode(operation.Encode().Span) with
                {
                    Document = null,
                }
            )
        );
    }

    /// <summary>
    /// The bytes of docs/wire-formats.md: a release that changes them must change the format's
    /// number.
    /// </summary>
    [Fact]
    public void Operation_has_the_bytes_that_the_page_describes() =>
        Assert.Equal(
            "01"
                + "02"
                + "00000000000000000000000000000007"
                + "00000005"
                + "6E6F727468"
                + "00000007"
                + "6167656E742061"
                + "0000000000000003"
                + "0000000000000004"
                + "00000000000007D0"
                + "01"
                + "00000003"
                + "010203",
            Convert.ToHexString(Sample.Encode().Span)
        );

    [Fact]
    public void Answer_is_read_as_it_was_written()
    {
        var answer = new Answer(AnswerKind.Held, new CoordinationState("agent a", 3, true, 4, new byte[] { 1, 2 }));
        var read = Answer.Decode(answer.Encode().Span);
        Assert.Equal(answer.Kind, read.Kind);
        Assert.Equal(answer.State with { Document = default }, read.State with { Document = default });
        Assert.Equal(answer.State.Document.ToArray(), read.State.Document.ToArray());
    }

    [Fact]
    public void Operation_and_snapshot_of_another_format_are_refused_with_the_remedy()
    {
        var operation = Sample.Encode().ToArray();
        operation[0] = 2;
        Assert.Contains("format 2", Assert.Throws<InvalidDataException>(() => Operation.Decode(operation)).Message);

        var snapshot = Snapshot();
        snapshot[0] = 0;
        var refused = Assert.Throws<InvalidDataException>(() => MapSnapshot.Decode(snapshot, new CoordinationMap()));
        Assert.Contains("format 0", refused.Message);
        Assert.Contains("Start the release that wrote it", refused.Message);
    }

    [Fact]
    public void Damaged_snapshot_is_refused_wherever_the_damage_is()
    {
        var whole = Snapshot();
        MapSnapshot.Decode(whole, new CoordinationMap());
        for (var i = 0; i < whole.Length; i++)
        {
            var damaged = whole.ToArray();
            damaged[i] ^= 1;
            Assert.Throws<InvalidDataException>(() => MapSnapshot.Decode(damaged, new CoordinationMap()));
            Assert.Throws<InvalidDataException>(() => MapSnapshot.Decode(whole.AsSpan(0, i), new CoordinationMap()));
        }
    }

    [Fact]
    public void Operation_that_was_cut_short_or_is_out_of_range_is_refused()
    {
        var whole = Sample.Encode().ToArray();
        for (var i = 0; i < whole.Length; i++)
        {
            Assert.Throws<InvalidDataException>(() => Operation.Decode(whole.AsSpan(0, i)));
        }

        Assert.Throws<InvalidDataException>(() => Operation.Decode([.. whole, 0]));
        var other = Sample with { TtlMilliseconds = 0 };
        Operation[] wrong =
        [
            Sample with
            {
                Cluster = "",
            },
            Sample with
            {
                Cluster = new string('x', Operation.LongestCluster + 1),
            },
            Sample with
            {
                Holder = new string('x', Operation.LongestHolder + 1),
            },
            Sample with
            {
                Document = new byte[Operation.LargestDocument + 1],
            },
            Sample with
            {
                TtlMilliseconds = -1,
            },
            Sample with
            {
                TtlMilliseconds = 0,
            },
            Sample with
            {
                TtlMilliseconds = 99,
            },
            Sample with
            {
                TtlMilliseconds = 3_600_001,
            },
            Sample with
            {
                TtlMilliseconds = long.MaxValue,
            },
            Sample with
            {
                Holder = null,
            },
            Sample with
            {
                Holder = "",
            },
            Sample with
            {
                Document = null,
            },
            Sample with
            {
                Epoch = -1,
            },
            Sample with
            {
                Version = -1,
            },
            other with
            {
                Kind = OperationKind.Renew,
                Holder = null,
            },
            other with
            {
                Kind = OperationKind.Release,
                Holder = "",
            },
            other with
            {
                Kind = OperationKind.Write,
                Document = null,
            },
            other with
            {
                Kind = OperationKind.Write,
                TtlMilliseconds = long.MaxValue,
            },
            Sample with
            {
                Kind = (OperationKind)9,
            },
        ];
        Assert.All(wrong, operation =>
            Assert.Throws<InvalidDataException>(() => Operation.Decode(operation.Encode().Span))
        );
    }

    private static byte[] Snapshot()
    {
        var map = new CoordinationMap();
        map.Apply(Sample with { Epoch = 0, Version = 0 }, 1);
        return MapSnapshot.Encode(map).ToArray();
    }
}
