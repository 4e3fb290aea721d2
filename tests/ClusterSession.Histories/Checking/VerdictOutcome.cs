namespace ClusterSession.Histories.Checking;

public enum VerdictOutcome
{
    /// <summary>Enough opportunities, no violation.</summary>
    Passed,

    /// <summary>At least one violation that may never happen.</summary>
    Failed,

    /// <summary>
    /// No violation, but the run could not have shown one: too few opportunities, or a planned
    /// fault that did not happen.
    /// </summary>
    Invalid,
}
