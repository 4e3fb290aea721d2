namespace ClusterSession.Cli.Generating;

/// <summary>The virtual address that keepalived moves to the master's host.</summary>
/// <param name="Address">The address.</param>
/// <param name="PrefixLength">Length of its network's prefix.</param>
/// <param name="Interface">Which network interface gets it, on each host.</param>
/// <param name="RouterId">
/// Number by which the hosts of this address know each other; no other address of their network has
/// it.
/// </param>
internal sealed record SiteAddress(string Address, int PrefixLength, string Interface, int RouterId);
