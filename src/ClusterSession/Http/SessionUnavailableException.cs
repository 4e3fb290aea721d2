using ClusterSession.Stores;

namespace ClusterSession;

/// <summary>
/// A session or login could not be opened, stored or ended, or an id or key could not be changed:
/// <see cref="Failure"/> says why. Before the
/// response has started the middleware turns it into a 503 with Retry-After.
/// </summary>
public sealed class SessionUnavailableException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">What could not be done.</param>
    /// <param name="failure">What is certain about it.</param>
    public SessionUnavailableException(string message, StoreFailure failure)
        : base(message) => Failure = failure;

    /// <summary>What is certain: not happened (<see cref="StoreFailure.Unreachable"/>,
    /// <see cref="StoreFailure.Refused"/>, <see cref="StoreFailure.Damaged"/>,
    /// <see cref="StoreFailure.TooLarge"/>) or unknown.</summary>
    public StoreFailure Failure { get; }
}
