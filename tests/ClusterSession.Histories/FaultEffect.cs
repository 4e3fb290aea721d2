namespace ClusterSession.Histories;

/// <summary>What a fault may cost those who use the cluster.</summary>
public enum FaultEffect
{
    /// <summary>
    /// Somebody could not be reached: nodes go on with what they have, and may have to say so.
    /// </summary>
    Outage,

    /// <summary>
    /// The store was there all the time and has lost something, or went back: what a node holds is
    /// no loss.
    /// </summary>
    Loss,

    /// <summary>Nothing at all.</summary>
    Nothing,
}
