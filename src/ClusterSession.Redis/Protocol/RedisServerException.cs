namespace ClusterSession.Redis.Protocol;

/// <summary>The server answered with an error.</summary>
internal sealed class RedisServerException(RedisErrorKind kind, string text) : Exception($"Redis answered: {text}")
{
    /// <summary>What the error means.</summary>
    public RedisErrorKind Kind { get; } = kind;

    /// <summary>The server's words, without arguments of the command.</summary>
    public string Text { get; } = text;
}
