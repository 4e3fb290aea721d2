using System.Text;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Protocol;
using ClusterSession.Redis.Requests;
using ClusterSession.Stores;
using ClusterSession.Transport.Pipelines;
using Xunit;

namespace ClusterSession.Tests.Redis.Requests;

public sealed class RetryPolicyTests
{
    private static readonly RetryAttempt Read = new(
        1,
        IsRead: true,
        MayBeRepeated: true,
        CanSendScript: true,
        TimeSpan.FromSeconds(1)
    );

    private static readonly RetryAttempt Commit = Read with { IsRead = false, MayBeRepeated = false };
    private static readonly RetryAttempt Create = Commit with { MayBeRepeated = true };

    private static readonly RetryAttempt Script = Commit with { CanSendScript = false };

    private static ConnectionException Lost => new("lost", sent: true);

    private static ConnectionException NotSent => new("lost before", sent: false);

    public static TheoryData<string, Exception, object, object> Table =>
        new()
        {
            {
                "a script the server does not know is sent in full",
                Refused("NOSCRIPT no"),
                Commit,
                RetryStep.SendScript
            },
            {
                "and if it does not know it then, it is refused",
                Refused("NOSCRIPT no"),
                Script,
                RetryStep.GiveUp(StoreFailure.Refused)
            },
            { "a demoted server sends to its successor", Refused("READONLY no"), Commit, RetryStep.Retry },
            { "a moved slot sends to its owner", Refused("MOVED 1 a:1"), Commit, RetryStep.Retry },
            { "a slot on its way is asked there", Refused("ASK 1 a:1"), Commit, RetryStep.Redirect },
            { "but not for ever", Refused("ASK 1 a:1"), Last(Commit), RetryStep.GiveUp(StoreFailure.Refused) },
            { "nor is a demoted server", Refused("READONLY no"), Last(Commit), RetryStep.GiveUp(StoreFailure.Refused) },
            { "a slot between two servers is asked again", Refused("TRYAGAIN no"), Commit, After(10) },
            { "later each time", Refused("CLUSTERDOWN no"), Commit with { Number = 3 }, After(40) },
            { "but not much later", Refused("CLUSTERDOWN no"), Commit with { Number = 99 }, After(100) },
            {
                "nor when the time is over",
                Refused("CLUSTERDOWN no"),
                Late(Commit),
                RetryStep.GiveUp(StoreFailure.Refused)
            },
            { "a full server refuses", Refused("OOM no"), Commit, RetryStep.GiveUp(StoreFailure.Refused) },
            { "a failed script may have written", Refused("ERR no"), Commit, RetryStep.GiveUp(StoreFailure.Undecided) },
            { "a failed read has not", Refused("ERR no"), Read, RetryStep.GiveUp(StoreFailure.Refused) },
            {
                "what cannot be read is damaged",
                new RedisUnreadableReplyException(new FormatException()),
                Read,
                RetryStep.GiveUp(StoreFailure.Damaged)
            },
            {
                "its commit may have happened",
                new RedisUnreadableReplyException(new FormatException()),
                Commit,
                RetryStep.GiveUp(StoreFailure.Undecided)
            },
            {
                "a stream that cannot be followed says nothing",
                new RespProtocolException("?"),
                Read,
                RetryStep.GiveUp(StoreFailure.Unknown)
            },
            { "a lost commit may have happened", Lost, Commit, RetryStep.GiveUp(StoreFailure.Unknown) },
            { "a lost read is repeated", Lost, Read, RetryStep.Retry },
            { "as is what may be executed twice", Lost, Create, RetryStep.Retry },
            { "and what was never sent", NotSent, Commit, RetryStep.Retry },
            { "but not for ever", NotSent, Last(Commit), RetryStep.GiveUp(StoreFailure.Unreachable) },
            { "nor when the time is over", Lost, Late(Read), RetryStep.GiveUp(StoreFailure.Unreachable) },
            {
                "an answer that is late is not waited for again",
                new RequestTimeoutException("late"),
                Read,
                RetryStep.GiveUp(StoreFailure.Unknown)
            },
            { "no connection in time", new TimeoutException(), Commit, RetryStep.GiveUp(StoreFailure.Unreachable) },
        };

    [Theory]
    [MemberData(nameof(Table))]
    public void Step_is_that_of_the_table(string row, Exception failure, object attempt, object step)
    {
        Assert.True(RetryPolicy.Knows(failure), row);
        Assert.Equal((RetryStep)step, RetryPolicy.Next(failure, (RetryAttempt)attempt));
    }

    [Fact]
    public void Policy_knows_no_failure_of_the_caller() =>
        Assert.All(new Exception[] { new OperationCanceledException(), new InvalidOperationException() }, failure =>
            Assert.False(RetryPolicy.Knows(failure))
        );

    private static RetryAttempt Last(RetryAttempt attempt) => attempt with { Number = RetryPolicy.MaxAttempts };

    private static RetryAttempt Late(RetryAttempt attempt) => attempt with { Left = TimeSpan.Zero };

    private static RetryStep After(int milliseconds) => RetryStep.RetryAfter(TimeSpan.FromMilliseconds(milliseconds));

    private static RedisServerException Refused(string text) =>
        new(RedisError.Classify(Encoding.ASCII.GetBytes(text)), text);
}
