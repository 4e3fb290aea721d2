namespace ClusterSession.TestKit.Servers;

/// <summary>One real Sentinel process.</summary>
public sealed class RedisSentinel : IAsyncDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly NetworkHost _on;
    private readonly IReadOnlyList<string> _config;
    private readonly string? _password;
    private readonly TestCertificates? _certificates;
    private ServerProcess? _process;

    private RedisSentinel(
        NetworkHost on,
        IReadOnlyList<string> config,
        string? password,
        TestCertificates? certificates
    )
    {
        (_on, _config, _password, _certificates) = (on, config, password, certificates);
        Port = FreePort.Next();
    }

    /// <summary>The port, the same over restarts.</summary>
    public int Port { get; }

    /// <summary>host:port.</summary>
    public string Endpoint => $"{_on.Address}:{Port}";

    /// <summary>The process, for signals.</summary>
    public ServerProcess Process =>
        _process ?? throw new InvalidOperationException("The sentinel has not been started.");

    /// <summary>Starts a sentinel and waits until it answers.</summary>
    public static async Task<RedisSentinel> StartAsync(
        NetworkHost on,
        IReadOnlyList<string> config,
        string? password,
        TestCertificates? certificates = null
    )
    {
        var sentinel = new RedisSentinel(on, config, password, certificates);
        try
        {
            await File.WriteAllLinesAsync(sentinel.ConfigFile, sentinel.ConfigLines());
            await sentinel.StartAgainAsync();
            return sentinel;
        }
        catch
        {
            await sentinel.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Starts it again with all it knew: a sentinel keeps its state in its configuration file.
    /// </summary>
    public async Task StartAgainAsync()
    {
        if (_process is { } old)
        {
            await old.DisposeAsync();
        }

        _process = await _on.StartAsync("redis-server", [ConfigFile, "--sentinel"], _directory.Path);
        await _process.ReadyAsync(IsReadyAsync);
    }

    /// <summary>
    /// Sends one command and returns the reply as text: nested arrays one element per line, errors
    /// as <c>-text</c>.
    /// </summary>
    public async Task<string> CommandAsync(params string[] arguments)
    {
        using var client = await RawRedisClient.ConnectAsync(
            _on.Address,
            Port,
            _certificates?.CaFile,
            TimeSpan.FromSeconds(5)
        );
        if (_password is not null)
        {
            await client.CommandAsync("AUTH", _password);
        }

        return await client.CommandAsync(arguments);
    }

    /// <summary>What it says of a master: its fields as name and value.</summary>
    public async Task<IReadOnlyDictionary<string, string>> MasterAsync(string name)
    {
        var lines = (await CommandAsync("SENTINEL", "MASTER", name)).Split('\n');
        return Enumerable.Range(0, lines.Length / 2).ToDictionary(i => lines[2 * i], i => lines[(2 * i) + 1]);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_process is { } process)
        {
            await process.DisposeAsync();
        }

        _directory.Dispose();
    }

    private string ConfigFile => _directory.File("sentinel.conf");

    private async Task<bool> IsReadyAsync()
    {
        try
        {
            return await CommandAsync("PING") == "PONG";
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException or TimeoutException)
        {
            return false;
        }
    }

    private IEnumerable<string> ConfigLines()
    {
        yield return $"bind {_on.Address}";
        yield return "protected-mode no";
        if (_certificates is { } certificates)
        {
            yield return "port 0";
            yield return $"tls-port {Port}";
            yield return $"tls-cert-file {certificates.ServerCertFile}";
            yield return $"tls-key-file {certificates.ServerKeyFile}";
            yield return $"tls-ca-cert-file {certificates.CaFile}";
            yield return "tls-auth-clients no";
            // A sentinel goes to servers and to other sentinels as a replica does.
            yield return "tls-replication yes";
        }
        else
        {
            yield return $"port {Port}";
        }

        yield return $"dir {_directory.Path}";
        yield return "daemonize no";
        if (_password is not null)
        {
            yield return $"requirepass {_password}";
            // The password that it shows to the other sentinels.
            yield return $"sentinel sentinel-pass {_password}";
        }

        foreach (var line in _config)
        {
            yield return line;
        }
    }
}
