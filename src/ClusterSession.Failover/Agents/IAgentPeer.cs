using ClusterSession.Failover.Sights;

namespace ClusterSession.Failover.Agents;

/// <summary>The agent of another member.</summary>
internal interface IAgentPeer
{
    /// <summary>
    /// What it says of itself; an <see cref="IOException"/> means that it is not responding.
    /// </summary>
    ValueTask<AgentSight> HearAsync(CancellationToken cancellation);

    /// <summary>
    /// Asks it to take no lease for a while. It is bound from when it answers yes; an
    /// <see cref="IOException"/> means that it may be bound.
    /// </summary>
    /// <param name="epoch">The lease that it is to respect: it refuses if it knows of a later
    /// one.</param>
    /// <param name="adoptions">See <see cref="Documents.ClusterDocument.Adoptions"/>: it refuses if
    /// it knows of more.</param>
    /// <param name="duration">For how long.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    ValueTask<bool> PromiseAsync(long epoch, long adoptions, TimeSpan duration, CancellationToken cancellation);
}
