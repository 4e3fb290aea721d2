namespace ClusterSession;

/// <summary>When a commit counts as done, and so when the response may leave.</summary>
/// <remarks>
/// While the store does not respond, or refuses writes (out of memory, read-only, too few
/// replicas), a commit to an existing session counts as done under each of them when this node has
/// it in its journal, which sends it once the store takes it. A new session cannot be committed
/// then.
/// </remarks>
public enum SessionDurability
{
    /// <summary>
    /// When this node has it: the commit is queued, coalesced with others of its session and
    /// written in the background. If the node dies first the write is lost, and the loss is
    /// noticed, because the client's cookie names the commit.
    /// </summary>
    Local,

    /// <summary>When the store has it. The default.</summary>
    Primary,

    /// <summary>
    /// When replicas of the store have it too, as many as
    /// <see cref="ClusterSessionOptions.Replicas"/>. If they do not confirm within
    /// <see cref="ClusterSessionOptions.ReplicaTimeout"/> the commit counts as
    /// <see cref="Primary"/>, and is logged and counted as such.
    /// </summary>
    Replicated,
}
