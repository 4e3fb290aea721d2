namespace ClusterSession.Histories.Checking;

public enum OutcomeClass
{
    /// <summary>May not happen under any number of faults. One is a failed run.</summary>
    Never,

    /// <summary>
    /// Allowed inside the windows of a double fault only, and reported. Counted, not failed.
    /// </summary>
    Budget,

    /// <summary>Not promised. Published with its number, so that nobody has to guess.</summary>
    Measured,

    /// <summary>
    /// The store had lost it while it could be reached, and no node held it that lived since:
    /// <see cref="FaultEffect.Loss"/>.
    /// </summary>
    Forgotten,
}
