using ClusterSession.Records;
using Xunit;

namespace ClusterSession.Tests.Records;

public sealed class SessionRecordRewriteTests
{
    [Fact]
    public void One_pass_makes_the_same_bytes_as_the_builder()
    {
        var rewritten = 0;
        Seeds.Check(random =>
        {
            foreach (var record in Histories.Copies(random, mayEnd: false))
            {
                var delta = Histories.Delta(random);
                var version = new SessionVersion(record.Version.Stamp + random.Next(1, 5), random.Next(1, 30));
                var after = random.Next(3) == 0 ? -1 : random.NextInt64(version.Stamp);
                if (SessionRecordRewrite.TryApply(record, delta, version, after) is { } fast)
                {
                    rewritten++;
                    AssertSame(delta.Build(record, version, after), fast);
                }
            }
        });
        Assert.True(rewritten > 100, $"only {rewritten} records were of the ordinary kind");
    }

    [Fact]
    public void Session_that_many_nodes_commit_keeps_the_same_commits() =>
        Seeds.Check(
            random =>
            {
                var record = SessionRecord.New(DateTimeOffset.UnixEpoch);
                var issued = new long[20];
                for (var stamp = 1; stamp < 100; stamp++)
                {
                    var delta = new SessionDelta();
                    delta.Set("a" + random.Next(12), Histories.Value(random));
                    var version = new SessionVersion(stamp, random.Next(1, 20));
                    var after = issued[version.Writer];
                    issued[version.Writer] = stamp;
                    var fast = SessionRecordRewrite.TryApply(record, delta, version, after);
                    Assert.NotNull(fast);
                    AssertSame(delta.Build(record, version, after), fast);
                    record = fast;
                }
            },
            runs: 20
        );

    [Fact]
    public void Large_payloads_are_shared_and_their_array_with_them_where_none_changed()
    {
        var before = Commit(
            SessionRecord.New(DateTimeOffset.UnixEpoch),
            1,
            ("a", new byte[300]),
            ("b", new byte[8]),
            ("c", new byte[400])
        );
        var after = Commit(before, 2, ("b", new byte[9]));
        Assert.Same(before.Large, after.Large);
        var replaced = Commit(after, 3, ("a", new byte[500]));
        Assert.NotSame(after.Large, replaced.Large);
        Assert.Same(after.Large[1], replaced.Large[1]);
        var shrunk = Commit(replaced, 4, ("c", new byte[3]));
        Assert.Equal([500], shrunk.Large.Select(payload => payload.Length));
    }

    private static SessionRecord Commit(SessionRecord record, long stamp, params (string Name, byte[] Value)[] changes)
    {
        var delta = new SessionDelta();
        foreach (var (name, value) in changes)
        {
            delta.Set(name, value);
        }

        return delta.ApplyTo(record, new SessionVersion(stamp, 1));
    }

    private static void AssertSame(SessionRecord expected, SessionRecord actual)
    {
        Assert.Equal(Convert.ToHexString(expected.Table), Convert.ToHexString(actual.Table));
        Assert.Equal(expected.Large.Select(Convert.ToHexString), actual.Large.Select(Convert.ToHexString));
    }
}
