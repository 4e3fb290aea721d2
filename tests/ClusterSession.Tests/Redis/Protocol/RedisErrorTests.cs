using System.Text;
using ClusterSession.Redis.Protocol;
using Xunit;

namespace ClusterSession.Tests.Redis.Protocol;

public sealed class RedisErrorTests
{
    [Theory]
    [InlineData("NOSCRIPT No matching script. Please use EVAL.", nameof(RedisErrorKind.NoScript))]
    [InlineData("LOADING Redis is loading the dataset in memory", nameof(RedisErrorKind.Loading))]
    [InlineData(
        "READONLY You can't write against a read only replica. script: abc, on @user_script:1.",
        nameof(RedisErrorKind.ReadOnly)
    )]
    [InlineData(
        "ERR Error running script (call to f_0a): @user_script:1: @user_script: 1: -READONLY You can't write against a read only replica.",
        nameof(RedisErrorKind.ReadOnly)
    )]
    [InlineData(
        "ERR Error running script (call to f_0a): @user_script:1: @user_script: 1: something",
        nameof(RedisErrorKind.Other)
    )]
    [InlineData(
        "ERR The user executing the script can't run this command or subcommand script: abc, on @user_script:1.",
        nameof(RedisErrorKind.NoPerm)
    )]
    [InlineData(
        "ERR ACL failure in script: User s has no permissions to run the 'set' command script: abc, on @user_script:1.",
        nameof(RedisErrorKind.NoPerm)
    )]
    [InlineData("OOM command not allowed when used memory > 'maxmemory'.", nameof(RedisErrorKind.OutOfMemory))]
    [InlineData("NOREPLICAS Not enough good replicas to write.", nameof(RedisErrorKind.NoReplicas))]
    [InlineData("MISCONF Redis is configured to save RDB snapshots", nameof(RedisErrorKind.Misconf))]
    [InlineData("BUSY Redis is busy running a script.", nameof(RedisErrorKind.Busy))]
    [InlineData("BUSYKEY Target key name already exists.", nameof(RedisErrorKind.Other))]
    [InlineData("MOVED 3999 127.0.0.1:6381", nameof(RedisErrorKind.Moved))]
    [InlineData("ASK 3999 127.0.0.1:6381", nameof(RedisErrorKind.Ask))]
    [InlineData("TRYAGAIN Multiple keys request during rehashing of slot", nameof(RedisErrorKind.TryAgain))]
    [InlineData("CLUSTERDOWN The cluster is down", nameof(RedisErrorKind.ClusterDown))]
    [InlineData(
        "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
        nameof(RedisErrorKind.MasterDown)
    )]
    [InlineData("NOAUTH Authentication required.", nameof(RedisErrorKind.NoAuth))]
    [InlineData("WRONGPASS invalid username-password pair or user is disabled.", nameof(RedisErrorKind.WrongPass))]
    [InlineData("NOPERM this user has no permissions to run the 'x' command", nameof(RedisErrorKind.NoPerm))]
    [InlineData("EXECABORT Transaction discarded because of previous errors.", nameof(RedisErrorKind.ExecAbort))]
    [InlineData("CROSSSLOT Keys in request don't hash to the same slot", nameof(RedisErrorKind.CrossSlot))]
    [InlineData("UNBLOCKED force unblock from blocking operation", nameof(RedisErrorKind.Unblocked))]
    [InlineData("NOPROTO unsupported protocol version", nameof(RedisErrorKind.NoProto))]
    [InlineData("ERR unknown command `HELLO`, with args beginning with: `3`,", nameof(RedisErrorKind.NoProto))]
    [InlineData("WRONGTYPE Operation against a key holding the wrong kind of value", nameof(RedisErrorKind.WrongType))]
    [InlineData("OOM", nameof(RedisErrorKind.OutOfMemory))]
    [InlineData("", nameof(RedisErrorKind.Other))]
    public void Errors_are_classified_by_their_code(string text, string kind) =>
        Assert.Equal(kind, RedisError.Classify(Encoding.UTF8.GetBytes(text)).ToString());

    [Fact]
    public void Only_errors_that_exclude_any_write_count_as_not_executed() =>
        Assert.Equal(
            [RedisErrorKind.Other, RedisErrorKind.NoPerm, RedisErrorKind.Unblocked],
            Enum.GetValues<RedisErrorKind>().Where(k => !k.MeansNotExecuted()).Order()
        );

    [Fact]
    public void Described_errors_carry_no_arguments_and_no_line_breaks()
    {
        Assert.Equal(
            "ERR unknown command 'X'",
            RedisError.Describe("ERR unknown command 'X', with args beginning with: 'key' 'value' "u8)
        );
        Assert.Equal("ERR a  b", RedisError.Describe("ERR a\r\nb"u8));
        Assert.Equal(200, RedisError.Describe(new byte[5000]).Length);
    }
}
