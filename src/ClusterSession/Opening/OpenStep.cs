namespace ClusterSession.Opening;

/// <summary>What is done next with what was found; see <see cref="OpenTable"/>.</summary>
internal enum OpenStep
{
    /// <summary>Here it is.</summary>
    Serve,

    /// <summary>It was ended.</summary>
    Destroyed,

    /// <summary>It has expired; that is no loss.</summary>
    Expired,

    /// <summary>The other nodes are asked for it, and then the store is read again.</summary>
    Ask,

    /// <summary>Others may be bringing it back: the store is read again after a pause.</summary>
    Wait,

    /// <summary>
    /// Nobody can say yet whether something is lost: what this node knows is served, else it is a
    /// 503.
    /// </summary>
    NotKnownYet,

    /// <summary>It goes on with what there is, flagged as regressed.</summary>
    Lost,
}
