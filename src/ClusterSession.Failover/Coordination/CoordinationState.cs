namespace ClusterSession.Failover.Coordination;

/// <summary>What the coordination store knows of one cluster.</summary>
/// <param name="LastHolder">Who was granted the lease last, unless it was released; also where it
/// has run out since (<paramref name="IsHeld"/>). Null: nobody.</param>
/// <param name="Epoch">Number of the last grant; 0: there was none. It grows with each
/// grant.</param>
/// <param name="IsHeld">
/// Whether the lease was still running, by the store's own clock.
/// </param>
/// <param name="Version">Number of the document's last change; 0: there is no document.</param>
/// <param name="Document">The document; empty: there is none.</param>
public sealed record CoordinationState(
    string? LastHolder,
    long Epoch,
    bool IsHeld,
    long Version,
    ReadOnlyMemory<byte> Document
)
{
    /// <summary>Life of the last grant and of its renewals; zero: unknown.</summary>
    public TimeSpan Ttl { get; init; }

    /// <summary>A cluster that nobody has written of.</summary>
    public static CoordinationState None { get; } = new(null, 0, false, 0, default);
}
