namespace ClusterSession.Redis.Requests;

/// <summary>The kinds of <see cref="RetryStep"/>.</summary>
internal enum RetryKind
{
    /// <summary>Another attempt, with the server of the key.</summary>
    Retry,

    /// <summary>Another attempt at the same place, with the script in full.</summary>
    SendScript,

    /// <summary>Another attempt, with the server that the answer names.</summary>
    Redirect,

    /// <summary>No further attempt.</summary>
    GiveUp,
}
