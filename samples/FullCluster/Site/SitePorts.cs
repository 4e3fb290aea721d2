namespace FullCluster.Site;

/// <summary>
/// Free ports for all that listens; they stay the same while parts die and return.
/// </summary>
internal sealed class SitePorts
{
    public int Nginx { get; } = FreePort.Next();

    public int Master { get; } = FreePort.Next();

    public int Voter { get; } = FreePort.Next();

    public IReadOnlyDictionary<string, int> Nodes { get; } =
        new[] { "web-1", "web-2" }.ToDictionary(name => name, _ => FreePort.Next());

    public IReadOnlyDictionary<string, int> Redis { get; } =
        new[] { "redis-1", "redis-2" }.ToDictionary(name => name, _ => FreePort.Next());

    public IReadOnlyDictionary<string, int> Agents { get; } =
        new[] { "redis-1", "redis-2" }.ToDictionary(name => name, _ => FreePort.Next());
}
