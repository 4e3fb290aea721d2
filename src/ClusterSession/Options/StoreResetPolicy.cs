namespace ClusterSession;

/// <summary>What nodes do when their store comes back empty, or is emptied while it runs.</summary>
public enum StoreResetPolicy
{
    /// <summary>They restore in it what they have, except what was ended. The default.</summary>
    Repair,

    /// <summary>
    /// They drop their copies too: emptying the store is how this cluster ends all sessions. A
    /// server that was restarted with its data counts as well: what the restart lost is not
    /// replayed.
    /// </summary>
    Discard,
}
