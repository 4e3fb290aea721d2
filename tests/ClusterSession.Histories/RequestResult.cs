namespace ClusterSession.Histories;

/// <summary>
/// What the client may conclude about its request. Calling an <see cref="Info"/> a
/// <see cref="Fail"/> is the classic way to cheat oneself: the write appears later and the checker
/// would never have looked for it.
/// </summary>
public enum RequestResult
{
    /// <summary>The response says that it was committed.</summary>
    Ok,

    /// <summary>
    /// Definitely not committed: the connection was refused before anything was sent, or the server
    /// said so in so many words.
    /// </summary>
    Fail,

    /// <summary>
    /// Unknown: timeout, reset, killed node, an error without that statement. May take effect at
    /// any later time, at most once.
    /// </summary>
    Info,
}
