namespace ClusterSession.Cli.Generating;

/// <summary>A process that others reach at one address.</summary>
/// <param name="Name">Its name in files and logs.</param>
/// <param name="Host">Address or name of its host.</param>
/// <param name="Port">Where it listens.</param>
internal sealed record SiteProcess(string Name, string Host, int Port)
{
    public string Address => $"{Host}:{Port}";
}
