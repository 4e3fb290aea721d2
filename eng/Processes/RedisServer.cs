using System.Globalization;

namespace ClusterSession.Processes;

/// <summary>A real redis-server on a free loopback port with a directory of its own.</summary>
public sealed class RedisServer : IAsyncDisposable
{
    private readonly TemporaryDirectory? _directory;
    private readonly RedisServerOptions _options;
    private ServerProcess? _process;

    private RedisServer(RedisServerOptions options)
    {
        _options = options;
        _directory = options.Directory is null ? new TemporaryDirectory() : null;
        Port = options.Port ?? FreePort.Next();
    }

    /// <summary>127.0.0.1, or the address of the network host it runs on.</summary>
    public string Host => _options.On.Address;

    /// <summary>The port, the same over restarts.</summary>
    public int Port { get; }

    /// <summary>host:port.</summary>
    public string Endpoint => $"{Host}:{Port}";

    /// <summary>
    /// A connection string in the StackExchange.Redis dialect, with what the options say of
    /// password and TLS.
    /// </summary>
    public string ConnectionString =>
        Endpoint
        + (_options.Password is { } password ? $",password={password}" : "")
        + (_options.Certificates is null ? "" : ",ssl=true");

    /// <summary>The process, for signals.</summary>
    public ServerProcess Process => _process ?? throw new InvalidOperationException("The server has not been started.");

    /// <summary>The server's directory.</summary>
    public string WorkingDirectory => _options.Directory ?? _directory!.Path;

    /// <summary>Starts a server and waits until it answers.</summary>
    public static async Task<RedisServer> StartAsync(RedisServerOptions? options = null)
    {
        var server = new RedisServer(options ?? new RedisServerOptions());
        try
        {
            await server.StartAgainAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts it again after it was killed, on the same port and directory.</summary>
    public async Task StartAgainAsync(params string[] extraConfig)
    {
        if (_process is { } old)
        {
            await old.DisposeAsync();
        }

        var config = Path.Combine(WorkingDirectory, "redis.conf");
        await File.WriteAllLinesAsync(config, [.. ConfigLines(), .. extraConfig]);
        _process = await _options.On.StartAsync("redis-server", [config], WorkingDirectory, logFile: _options.LogFile);
        await _process.ReadyAsync(IsReadyAsync);
    }

    /// <summary>
    /// Ends it in order and starts it again, keeping port and directory (data survives only with
    /// AppendOnly or a save).
    /// </summary>
    public async Task RestartAsync()
    {
        await Process.TerminateAsync();
        await StartAgainAsync();
    }

    /// <summary>kill -9.</summary>
    public Task Kill9Async() => Process.Kill9Async();

    /// <summary>
    /// Sends one command as the default user and returns the reply as text: nested arrays one
    /// element per line, errors as <c>-text</c>.
    /// </summary>
    public async Task<string> CommandAsync(params string[] arguments)
    {
        using var client = await RawRedisClient.ConnectAsync(
            Host,
            Port,
            _options.Certificates?.CaFile,
            TimeSpan.FromSeconds(10)
        );
        if (_options.Password is { } password)
        {
            await client.CommandAsync("AUTH", password);
        }

        return await client.CommandAsync(arguments);
    }

    /// <summary>One field of INFO, such as <c>total_commands_processed</c>.</summary>
    public async Task<string> InfoAsync(string section, string field)
    {
        var line = (await AskAsync("INFO", section))
            .Split('\n')
            .Select(l => l.Trim())
            .FirstOrDefault(l => l.StartsWith(field + ":", StringComparison.Ordinal));
        return line?[(field.Length + 1)..]
            ?? throw new InvalidOperationException($"INFO {section} has no field {field}.");
    }

    /// <summary>
    /// As <see cref="CommandAsync"/>, for commands that change nothing: asks once more when the
    /// connection is lost, as Sentinel ends all of a server whose role it changes.
    /// </summary>
    public async Task<string> AskAsync(params string[] arguments)
    {
        try
        {
            return await CommandAsync(arguments);
        }
        catch (IOException)
        {
            return await CommandAsync(arguments);
        }
    }

    /// <summary>Waits until it has, as a replica of that master, what the master has now.</summary>
    /// <remarks>
    /// WAIT does not say that: it counts for the writes of the connection that sends it, and of one
    /// that has written nothing it counts who is connected.
    /// </remarks>
    public async Task HasAllOfAsync(RedisServer master)
    {
        var all = await OffsetAsync(master);
        await Condition.HoldsAsync(
            async () =>
                await InfoAsync("replication", "role") == "slave"
                && await InfoAsync("replication", "master_link_status") == "up"
                && await OffsetAsync(this) >= all,
            $"the replica on port {Port} has what its master has"
        );
    }

    /// <summary>
    /// Whether it takes itself for a master. Needs an answer: throws while the server is down.
    /// </summary>
    public async Task<bool> IsMasterAsync() => (await InfoAsync("replication", "role")) == "master";

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_process is { } process)
        {
            await process.DisposeAsync();
        }

        _directory?.Dispose();
    }

    private static async Task<long> OffsetAsync(RedisServer server) =>
        long.Parse(await server.InfoAsync("replication", "master_repl_offset"), CultureInfo.InvariantCulture);

    private async Task<bool> IsReadyAsync()
    {
        try
        {
            var reply = await CommandAsync("PING");
            return !reply.StartsWith("-LOADING", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException or TimeoutException)
        {
            return false;
        }
    }

    private IEnumerable<string> ConfigLines()
    {
        yield return $"bind {Host}";
        yield return "protected-mode no";
        yield return $"dir {WorkingDirectory}";
        yield return "daemonize no";
        yield return "save \"\"";
        yield return "enable-debug-command local";
        // Replication settings for tests: no wait before a diskless transfer, links noticed as dead
        // soon.
        yield return "repl-diskless-sync-delay 0";
        yield return "repl-timeout 5";
        yield return "repl-ping-replica-period 1";
        if (_options.Certificates is { } certificates)
        {
            yield return "port 0";
            yield return $"tls-port {Port}";
            yield return $"tls-cert-file {(_options.WrongHostCertificate ? certificates.WrongHostCertFile : certificates.ServerCertFile)}";
            yield return $"tls-key-file {(_options.WrongHostCertificate ? certificates.WrongHostKeyFile : certificates.ServerKeyFile)}";
            yield return $"tls-ca-cert-file {certificates.CaFile}";
            yield return "tls-auth-clients no";
            // Replicas and the other nodes of a cluster come over TLS as well: there is no plain
            // port.
            yield return "tls-replication yes";
            yield return "tls-cluster yes";
        }
        else
        {
            yield return $"port {Port}";
        }

        if (_options.Password is { } password)
        {
            yield return $"requirepass {password}";
            yield return $"masterauth {password}";
        }

        foreach (var user in _options.AclUsers)
        {
            yield return $"user {user}";
        }

        if (_options.ReplicaOf is { } master)
        {
            yield return $"replicaof {Host} {master}";
        }

        yield return $"appendonly {(_options.AppendOnly ? "yes" : "no")}";
        yield return "appendfsync always";
        foreach (var line in _options.Config)
        {
            yield return line;
        }
    }
}
