namespace ClusterSession.Redis.Requests;

/// <summary>An attempt that has ended, as <see cref="RetryPolicy"/> needs to know it.</summary>
/// <param name="Number">The first is 1.</param>
/// <param name="IsRead">Whether it changes nothing.</param>
/// <param name="MayBeRepeated">Whether it may be executed twice.</param>
/// <param name="CanSendScript">Whether only the hash of its script was sent.</param>
/// <param name="Left">What is left of the operation's time; may be negative.</param>
internal readonly record struct RetryAttempt(
    int Number,
    bool IsRead,
    bool MayBeRepeated,
    bool CanSendScript,
    TimeSpan Left
);
