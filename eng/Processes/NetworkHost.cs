namespace ClusterSession.Processes;

/// <summary>
/// Where a server process runs: this machine itself, or a network namespace that stands for a
/// machine of its own.
/// </summary>
public sealed class NetworkHost
{
    /// <summary>A namespace of this name; null: this machine.</summary>
    public NetworkHost(string address, string? networkNamespace) => (Address, Namespace) = (address, networkNamespace);

    /// <summary>This machine, 127.0.0.1.</summary>
    public static NetworkHost Loopback { get; } = new("127.0.0.1", null);

    /// <summary>The IP address that servers on it listen on.</summary>
    public string Address { get; }

    /// <summary>The name of the network namespace; null: this machine itself.</summary>
    public string? Namespace { get; }

    /// <summary>Starts a process on it; returns before it is ready.</summary>
    public Task<ServerProcess> StartAsync(
        string binary,
        IEnumerable<string> arguments,
        string workingDirectory,
        IReadOnlyDictionary<string, string>? environment = null,
        string? logFile = null
    ) =>
        Namespace is null
            ? ServerProcess.StartAsync(binary, arguments, workingDirectory, environment, logFile)
            // "ip netns exec" replaces itself by the server, so signals go to the right process.
            : ServerProcess.StartAsync(
                "ip",
                ["netns", "exec", Namespace, ServerBinary.Find(binary), .. arguments],
                workingDirectory,
                environment,
                logFile
            );
}
