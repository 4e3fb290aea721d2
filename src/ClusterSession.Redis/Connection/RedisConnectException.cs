namespace ClusterSession.Redis.Connection;

/// <summary>A connection could not be made; nothing was sent of any command.</summary>
internal sealed class RedisConnectException(RedisConnectFailure failure, string message, Exception? inner = null)
    : RedisConnectionException(message, sent: false, inner)
{
    /// <summary>Why.</summary>
    public RedisConnectFailure Failure { get; } = failure;

    /// <summary>
    /// Whether waiting will not help: somebody has to change a setting. It is still tried again, in
    /// case somebody does.
    /// </summary>
    public bool NeedsOperator =>
        Failure
            is RedisConnectFailure.TlsRefused
                or RedisConnectFailure.AccessDenied
                or RedisConnectFailure.Unsupported
                or RedisConnectFailure.UnknownService
                or RedisConnectFailure.LacksWhatIsSet;
}
