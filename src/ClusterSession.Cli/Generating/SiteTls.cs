namespace ClusterSession.Cli.Generating;

/// <summary>
/// TLS between all processes of the site; browsers reach the balancer as the site wishes.
/// </summary>
/// <param name="Authority">PEM file of the authority that vouches for every certificate.</param>
/// <param name="Certificate">PEM file of the certificate, at the same path on each host.</param>
/// <param name="Key">PEM file of its key.</param>
/// <param name="Name">
/// A name that the certificate of every Redis has: nodes reach each of them at one address.
/// </param>
internal sealed record SiteTls(string Authority, string Certificate, string Key, string Name);
