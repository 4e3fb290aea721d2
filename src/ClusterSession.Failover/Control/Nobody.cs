namespace ClusterSession.Failover.Control;

/// <summary>
/// The address that a Redis follows while its agent has not decided: a port of its own host that
/// only the superuser may listen on, and nobody does. A refusal comes at once, and from no network.
/// </summary>
internal static class Nobody
{
    public const string Host = "127.0.0.1";

    public const string Port = "1";
}
