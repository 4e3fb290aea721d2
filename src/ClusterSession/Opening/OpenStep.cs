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

    /// <summary>The other nodes are asked for it, and then the store again.</summary>
    Ask,

    /// <summary>Others may be bringing it back: the store is asked again after a pause.</summary>
    Wait,

    /// <summary>
    /// The request is out of time before anybody can say whether something is lost.
    /// </summary>
    NotKnownYet,

    /// <summary>It goes on with what there is, flagged as regressed.</summary>
    Lost,
}
