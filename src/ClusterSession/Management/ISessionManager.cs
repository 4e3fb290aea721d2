namespace ClusterSession;

/// <summary>What an application and those who run it can see of its sessions, and do with them. Thread-safe.</summary>
public interface ISessionManager
{
    /// <summary>This node's figures, now. Cheap enough to be read every second.</summary>
    SessionStatistics GetStatistics();

    /// <summary>Ends a session everywhere.</summary>
    /// <param name="sessionId">What <c>ISession.Id</c> says; it is no secret.</param>
    /// <returns>True if this call ended it, false if it had been ended before.</returns>
    /// <exception cref="ArgumentException">The text is no session id.</exception>
    /// <exception cref="SessionUnavailableException">The store gave no answer, and there is no room to keep the end here until it does.</exception>
    Task<bool> EndAsync(string sessionId);
}
