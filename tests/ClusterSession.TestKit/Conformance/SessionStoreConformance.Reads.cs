using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.TestKit.Sessions;
using Xunit;

namespace ClusterSession.TestKit.Conformance;

public abstract partial class SessionStoreConformance
{
    public static TheoryData<string> OddNames =>
        new()
        {
            "",
            "m",
            "a",
            "am",
            " ",
            "naïve ☕ 会話",
            "e\u0301",
            "\u00e9",
            "\U0001F600",
            "nul\0nul",
            "line\r\nfeed",
            "{brace}",
            "*3\r\n$1\r\n",
            "'\"\\",
            new string('n', 1000),
            new string('☕', 300),
        };

    [Fact]
    public async Task Read_of_nothing_is_missing()
    {
        var read = await A.ReadAsync(Key, SessionVersion.None, default);
        Assert.Equal((StoreReadOutcome.Missing, null), (read.Outcome, read.Record));
        Assert.Equal(StoreReadOutcome.Missing, (await A.ReadAsync(Key, Versions.Next(), default)).Outcome);
    }

    [Fact]
    public async Task Read_of_a_version_the_caller_has_moves_nothing()
    {
        var first = await CreateAsync();
        var read = await B.ReadAsync(Key, first, default);
        Assert.Equal((StoreReadOutcome.Unchanged, null), (read.Outcome, read.Record));
    }

    [Fact]
    public async Task Read_of_another_version_moves_the_session()
    {
        var first = await CreateAsync();
        var second = await CommittedAsync(A, first, Setting("a", "2"));
        var read = await B.ReadAsync(Key, first, default);
        Assert.Equal(StoreReadOutcome.Found, read.Outcome);
        Assert.Equal("2", Value(read.Record!, "a"));
        Assert.Equal(
            StoreReadOutcome.Found,
            (await B.ReadAsync(Key, new SessionVersion(second.Stamp, second.Writer + 1), default)).Outcome
        );
        Assert.Equal(StoreReadOutcome.Found, (await B.ReadAsync(Key, Versions.Next(), default)).Outcome);
    }

    [Theory]
    [MemberData(nameof(OddNames))]
    public async Task Any_name_is_a_name(string name)
    {
        var version = Versions.Next();
        await CreateAsync(RecordSketch.At(version).With(name, "created", version).With("beside", "1", version).Build());
        var second = await CommittedAsync(A, version, Setting(name, "committed"));
        await AssertStoredAsync(
            RecordSketch.At(second, version).With(name, "committed", second).With("beside", "1", version).Build()
        );
        var third = await CommittedAsync(B, second, Removing(name));
        await AssertStoredAsync(
            RecordSketch.At(third, second, version).Without(name, third).With("beside", "1", version).Build()
        );
    }

    [Fact]
    public async Task Any_bytes_are_a_value_and_so_are_none()
    {
        var all = Enumerable.Range(0, 256).Select(i => (byte)i).ToArray();
        var version = Versions.Next();
        await CreateAsync(RecordSketch.At(version).With("all", all, version).With("none", [], version).Build());
        var delta = new SessionDelta();
        delta.Set("all2", [.. all, 13, 10, 0]);
        delta.Set("none2", []);
        var second = await CommittedAsync(B, version, delta);
        await AssertStoredAsync(
            RecordSketch
                .At(second, version)
                .With("all", all, version)
                .With("all2", [.. all, 13, 10, 0], second)
                .With("none", [], version)
                .With("none2", [], second)
                .Build()
        );
        Assert.Equal("", Value(await ReadAsync(A), "none2"));
    }

    [Fact]
    public async Task Megabyte_of_value_goes_both_ways_to_the_byte()
    {
        var large = new byte[1024 * 1024];
        new Random(1).NextBytes(large);
        var version = Versions.Next();
        await CreateAsync(RecordSketch.At(version).With("large", large, version).With("small", "1", version).Build());
        var second = await CommittedAsync(A, version, Setting("small", "2"));
        var other = large.Reverse().ToArray();
        var delta = new SessionDelta();
        delta.Set("other", other);
        var third = await CommittedAsync(B, second, delta);
        await AssertStoredAsync(
            RecordSketch
                .At(third, second, version)
                .With("large", large, version)
                .With("other", other, third)
                .With("small", "2", second)
                .Build()
        );
    }

    [Fact]
    public async Task Thousands_of_attributes_are_created_committed_merged_and_removed()
    {
        const int Many = 2000;
        var first = Versions.Next();
        var sketch = RecordSketch.At(first);
        for (var i = 0; i < Many; i++)
        {
            sketch.With("created" + i, "1", first);
        }

        await CreateAsync(sketch.Build());
        var delta = new SessionDelta();
        for (var i = 0; i < Many; i++)
        {
            delta.Set("committed" + i, Bytes("2"));
            delta.Remove("created" + i);
        }

        var opened = await ReadAsync(B);
        var second = Versions.Next();
        var change = new SessionChange(
            first,
            second,
            delta,
            NothingForgotten,
            Long,
            Long,
            PreviousStamp: first.Stamp,
            Opened: opened
        );
        Assert.Equal(first, (await B.CommitAsync(Key, change, default)).Previous);
        var (third, merge) = (Versions.Next(), Versions.Next());
        var removed = new byte[SessionVersion.EncodedLength];
        first.WriteTo(removed);
        var merged = RecordSketch.At(first).Commit(second, first.Stamp).Commit(third, second.Stamp);
        var all = RecordSketch
            .At(first)
            .Commit(second, first.Stamp)
            .Commit(third, second.Stamp)
            .Commit(merge, third.Stamp);
        for (var i = 0; i < Many; i++)
        {
            merged.With("merged" + i, "3", third);
            all.With("merged" + i, "3", third)
                .With("committed" + i, "2", second)
                .With("created" + i, removed, second, SessionAttribute.RemovedFlag);
        }

        var brought = new SessionMerge(merged.Build(), merge, MergeMode.Restore, Long, PreviousStamp: third.Stamp);
        Assert.Equal(WriteOutcome.Committed, (await A.MergeAsync(Key, brought, default)).Outcome);
        await AssertStoredAsync(all.Build());
        var last = Versions.Next();
        await CommitAsync(
            A,
            merge,
            last,
            Setting("x", "4"),
            forgotten: [.. Enumerable.Range(0, Many).Select(i => "created" + i)]
        );
        Assert.Equal((2 * Many) + 1, (await ReadAsync(B)).AttributeCount);
    }

    [Fact]
    public async Task Lease_is_current_right_after_a_read_or_a_commit_or_never()
    {
        var first = await CreateAsync();
        var read = (await A.ReadAsync(Key, SessionVersion.None, default)).Lease;
        var unchanged = (await A.ReadAsync(Key, first, default)).Lease;
        var commit = (await CommitAsync(A, first, Versions.Next(), Setting("a", "2"))).Lease;
        Assert.Equal(read.IsCurrent, unchanged.IsCurrent);
        Assert.Equal(read.IsCurrent, commit.IsCurrent);
    }

    [Theory]
    [InlineData("commit")]
    [InlineData("merge")]
    [InlineData("end")]
    public async Task Who_holds_a_copy_under_a_lease_is_notified_of_every_change_by_others(string change)
    {
        var version = await CreateAsync();
        if (!Announces)
        {
            Assert.NotSame(SessionLease.Always, (await A.ReadAsync(Key, version, default)).Lease);
            return;
        }

        foreach (var access in new[] { "create", "read", "revalidate", "commit", "read" })
        {
            var lease = access switch
            {
                "create" => (await A.ReadAsync(Key, SessionVersion.None, default)).Lease,
                "read" => (await A.ReadAsync(Key, SessionVersion.None, default)).Lease,
                "revalidate" => (await A.ReadAsync(Key, version, default)).Lease,
                _ => (await CommitAsync(A, version, version = Versions.Next(), Setting("mine", access))).Lease,
            };
            Assert.True(lease.IsCurrent);
            ToldA.Forget(Key);
            if (change == "end")
            {
                await B.DestroyAsync(Key, new SessionEnd(Versions.Next()), Long, default);
            }
            else if (change == "merge")
            {
                var newer = Versions.Next();
                await MergeAsync(
                    B,
                    RecordSketch.At(newer, version).With("b", access, newer).Build(),
                    version = Versions.Next()
                );
            }
            else
            {
                await CommitAsync(B, version, version = Versions.Next(), Setting("b", access));
            }

            await Condition.HoldsAsync(
                () => ToldA.WasTold(Key),
                $"the node is notified of the {change} after its {access}"
            );
            if (change == "end")
            {
                return;
            }
        }
    }

    [Fact]
    public async Task Who_created_a_session_is_notified_of_the_first_change_by_others()
    {
        var first = Versions.Next();
        var created = await MergeAsync(
            A,
            RecordSketch.At(first).With("a", "1", first).Build(),
            first,
            MergeMode.Create
        );
        if (!Announces)
        {
            Assert.NotSame(SessionLease.Always, created.Lease);
            return;
        }

        await CommittedAsync(B, first, Setting("a", "2"));
        await Condition.HoldsAsync(() => ToldA.WasTold(Key), "the node is notified");
    }
}
