using ClusterSession.Stores;

namespace ClusterSession.Redis.Requests;

/// <summary>What is done after an attempt without an answer.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Failure">With <see cref="RetryKind.GiveUp"/>: what the caller gets.</param>
/// <param name="Pause">Before the next attempt.</param>
internal readonly record struct RetryStep(RetryKind Kind, StoreFailure Failure, TimeSpan Pause)
{
    public static RetryStep Retry => RetryAfter(TimeSpan.Zero);

    public static RetryStep SendScript => new(RetryKind.SendScript, default, default);

    public static RetryStep Redirect => new(RetryKind.Redirect, default, default);

    public static RetryStep RetryAfter(TimeSpan pause) => new(RetryKind.Retry, default, pause);

    public static RetryStep GiveUp(StoreFailure failure) => new(RetryKind.GiveUp, failure, default);
}
