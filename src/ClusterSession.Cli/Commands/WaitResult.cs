namespace ClusterSession.Cli.Commands;

/// <summary>What waiting for a change came to.</summary>
/// <param name="IsOver">
/// Whether a master is open, under a later lease or after a retraction.
/// </param>
/// <param name="Master">The master; null: none takes writes.</param>
/// <param name="State">The state as a sentence.</param>
internal sealed record WaitResult(bool IsOver, string? Master, string State)
{
    /// <summary>Whether it is the one that was asked for.</summary>
    public bool IsAsAsked { get; init; }
}
