namespace ClusterSession.MacroBenchmarks.Load;

/// <summary>What is to be sent where, for how long.</summary>
/// <param name="Ports">The nodes on loopback.</param>
/// <param name="Clients">Whose cookies are sent.</param>
/// <param name="Work">Who asks for what.</param>
internal sealed record LoadPlan(int[] Ports, Clients Clients, Work Work)
{
    /// <summary>Connections over all nodes.</summary>
    public int Connections { get; init; } = 64;

    /// <summary>
    /// How long new requests are sent; work that ends earlier ends the run earlier.
    /// </summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Requests a second, sent at their time whatever becomes of those before (open loop); 0 sends
    /// the next when one was answered.
    /// </summary>
    public double Rate { get; init; }

    /// <summary>
    /// Whether each client keeps to one node (its number modulo nodes); else the nodes take turns.
    /// </summary>
    public bool IsSticky { get; init; }
}
