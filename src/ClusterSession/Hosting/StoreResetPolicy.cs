namespace ClusterSession;

/// <summary>What nodes do when their store comes back empty, or is emptied while it runs.</summary>
public enum StoreResetPolicy
{
    /// <summary>They give it back what they have, except what was ended. The default.</summary>
    Repair,

    /// <summary>They drop their copies too: emptying the store is how this cluster ends all sessions.</summary>
    Discard,
}
