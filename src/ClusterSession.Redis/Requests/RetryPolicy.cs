using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Protocol;
using ClusterSession.Stores;
using ClusterSession.Transport.Pipelines;

namespace ClusterSession.Redis.Requests;

/// <summary>
/// What follows an attempt that did not succeed. Pure: it sends nothing and reads no clock.
/// </summary>
/// <remarks>
/// <code>
/// NOSCRIPT                          once more at once, with the script in full
/// READONLY, MOVED                   again, to the server that has the key now; five attempts in
///                                   all
/// ASK                               once more, to the server that the answer names
/// FENCED                            once more after a pause, to the ruler of that moment, as long
///                                   as time is left
/// TRYAGAIN, CLUSTERDOWN             once more after a pause, as long as time is left
/// WRONGTYPE, a script that fails    an answer: damaged
/// other refusals                    an answer: refused, or undecided where a script may have
///                                   written before
/// late, or lost and not repeatable  unknown
/// lost otherwise                    once more; it was not sent, or is the same when it is executed
///                                   twice
/// no connection in time             unreachable
/// </code>
/// </remarks>
internal static class RetryPolicy
{
    public const int MaxAttempts = 5;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Whether a failure is one of a server or of the way to it. Others are the caller's.
    /// </summary>
    public static bool Knows(Exception failure) =>
        failure
            is RedisServerException
                or ConnectionException
                or RedisUnreadableReplyException
                or RedisReplyTooLongException
                or RespProtocolException
                or TimeoutException;

    /// <param name="failure">How the attempt has ended; <see cref="Knows"/> it.</param>
    /// <param name="attempt">The attempt.</param>
    public static RetryStep Next(Exception failure, RetryAttempt attempt) =>
        failure switch
        {
            RedisServerException refusal => AfterRefusal(refusal.Kind, attempt),
            RedisUnreadableReplyException => RetryStep.GiveUp(
                attempt.IsRead ? StoreFailure.Damaged : StoreFailure.Undecided
            ),

            RedisReplyTooLongException => RetryStep.GiveUp(
                attempt.IsRead ? StoreFailure.TooLarge : StoreFailure.Undecided
            ),

            // The server answered something else; the connection is closed.
            RespProtocolException => RetryStep.GiveUp(StoreFailure.Unknown),
            RequestTimeoutException => RetryStep.GiveUp(StoreFailure.Unknown),
            ConnectionException { Sent: true } when !attempt.MayBeRepeated => RetryStep.GiveUp(StoreFailure.Unknown),
            ConnectionException when attempt.Number < MaxAttempts && attempt.Left > TimeSpan.Zero => RetryStep.Retry,
            _ => RetryStep.GiveUp(StoreFailure.Unreachable),
        };

    /// <summary>What is wrong with a record that an attempt has failed at.</summary>
    public static string DamageOf(Exception failure) =>
        failure switch
        {
            RedisServerException { Kind: RedisErrorKind.WrongType } =>
                "there is something of another type under its key",
            RedisServerException => "its header or one of its values cannot be read",
            _ => $"its parts do not fit together ({failure.InnerException?.GetType().Name})",
        };

    private static RetryStep AfterRefusal(RedisErrorKind kind, RetryAttempt attempt)
    {
        switch (kind)
        {
            case RedisErrorKind.NoScript when attempt.CanSendScript:
                return RetryStep.SendScript;
            case RedisErrorKind.ReadOnly or RedisErrorKind.Moved when attempt.Number < MaxAttempts:
                return RetryStep.Retry;
            case RedisErrorKind.Ask when attempt.Number < MaxAttempts:
                return RetryStep.Redirect;

            // A slot that is being moved, or that has no master while its replica is elected. Both
            // pass.
            case RedisErrorKind.TryAgain
            or RedisErrorKind.ClusterDown when PauseAfter(attempt.Number) <= attempt.Left:
                return RetryStep.RetryAfter(PauseAfter(attempt.Number));
            // Nothing was changed. Another server will rule, or the same one again.
            case RedisErrorKind.Fenced:
                return PauseAfter(attempt.Number) <= attempt.Left
                    ? RetryStep.RetryAfter(PauseAfter(attempt.Number))
                    : RetryStep.GiveUp(StoreFailure.Unreachable);
            // Somebody else's, under the key of this session alone.
            case RedisErrorKind.WrongType or RedisErrorKind.Unreadable:
                return RetryStep.GiveUp(StoreFailure.Damaged);
            default:
                return RetryStep.GiveUp(
                    attempt.IsRead || kind.MeansNotExecuted() ? StoreFailure.Refused : StoreFailure.Undecided
                );
        }
    }

    private static TimeSpan PauseAfter(int attempt) =>
        TimeSpan.FromTicks(Math.Min(LongestPause.Ticks, FirstPause.Ticks << Math.Min(attempt - 1, 10)));
}
