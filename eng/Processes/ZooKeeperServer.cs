using System.Net.Sockets;
using System.Text;

namespace ClusterSession.Processes;

/// <summary>
/// A real ZooKeeper server on free ports with a directory of its own: alone, or one of an
/// ensemble.
/// </summary>
/// <remarks>
/// Debian's start script reads another configuration, so the class is started itself. Ticks are
/// short, and with them the shortest session (twice a tick).
/// </remarks>
public sealed class ZooKeeperServer : IAsyncDisposable
{
    /// <summary>What times of the ensemble are counted in.</summary>
    public static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(400);

    // The last two are for TLS, and missing in the class path of Debian's own start script.
    private const string Jars =
        "/usr/share/java/zookeeper.jar:/usr/share/java/slf4j-simple.jar:/usr/share/java/netty-codec.jar"
        + ":/usr/share/java/netty-resolver.jar";
    private static readonly TimeSpan AnswerPatience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(60);

    private readonly TemporaryDirectory _directory = new();
    private readonly int _quorumPort = FreePort.Next();
    private readonly int _electionPort = FreePort.Next();
    private readonly Dictionary<int, int> _detours = [];
    private readonly ZooKeeperServerOptions _options;
    private readonly int _number;
    private ServerProcess? _process;

    private ZooKeeperServer(int number, ZooKeeperServerOptions options) => (_number, _options) = (number, options);

    /// <summary>Where clients connect to; the same over restarts.</summary>
    public int Port { get; } = FreePort.Next();

    /// <summary>Where clients speak TLS, if it has certificates.</summary>
    public int SecurePort { get; } = FreePort.Next();

    /// <summary>host:port.</summary>
    public string Endpoint => $"{_options.On.Address}:{Port}";

    /// <summary>host:port for clients that speak TLS.</summary>
    public string SecureEndpoint => $"{_options.On.Address}:{SecurePort}";

    /// <summary>Where the others follow it, while it leads.</summary>
    public int QuorumPort => _quorumPort;

    /// <summary>The process, for signals.</summary>
    public ServerProcess Process => _process ?? throw new InvalidOperationException("The server has not been started.");

    /// <summary>Starts a server that is alone, and waits until it serves.</summary>
    public static async Task<ZooKeeperServer> StartAsync(ZooKeeperServerOptions? options = null) =>
        (await StartEnsembleAsync(1, options))[0];

    /// <summary>Starts an ensemble and waits until each of its servers serves.</summary>
    public static async Task<ZooKeeperServer[]> StartEnsembleAsync(int servers, ZooKeeperServerOptions? options = null)
    {
        options ??= new ZooKeeperServerOptions();
        ZooKeeperServer[] ensemble =
        [
            .. Enumerable.Range(1, servers).Select(number => new ZooKeeperServer(number, options)),
        ];
        try
        {
            await StartAgainAsync(ensemble, ensemble);
            return ensemble;
        }
        catch
        {
            foreach (var server in ensemble)
            {
                await server.DisposeAsync();
            }

            throw;
        }
    }

    /// <summary>Starts some of an ensemble, with ports and directories as they were.</summary>
    public static async Task StartAgainAsync(ZooKeeperServer[] ensemble, params ZooKeeperServer[] stopped)
    {
        foreach (var server in stopped)
        {
            await server.LaunchAsync(ensemble);
        }

        await Task.WhenAll(
            stopped.Select(server =>
                server.Process.ReadyAsync(async () => await server.ModeAsync() is not null, StartPatience)
            )
        );
    }

    /// <summary>
    /// From its next start on it follows another one through a port that leads there.
    /// </summary>
    public void FollowThrough(int port, ZooKeeperServer leader) => _detours[leader._number] = port;

    /// <summary>
    /// "leader", "follower" or "standalone"; null: it does not serve.
    /// </summary>
    public async Task<string?> ModeAsync()
    {
        const string Mode = "Mode: ";
        var answer = await AskAsync("srvr");
        return answer.Split('\n').FirstOrDefault(line => line.StartsWith(Mode, StringComparison.Ordinal)) is { } line
            ? line[Mode.Length..].Trim()
            : null;
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

    private async Task LaunchAsync(ZooKeeperServer[] ensemble)
    {
        if (_process is { } old)
        {
            await old.DisposeAsync();
        }

        var config = _directory.File("zoo.cfg");
        await File.WriteAllTextAsync(_directory.File("myid"), $"{_number}\n");
        await File.WriteAllLinesAsync(
            config,
            [
                $"tickTime={Tick.TotalMilliseconds:0}",
                "initLimit=25",
                $"syncLimit={_options.SyncLimit}",
                $"dataDir={_directory.Path}",
                $"clientPort={Port}",
                $"clientPortAddress={_options.On.Address}",
                "maxClientCnxns=0",
                "admin.enableServer=false",
                .. await TlsAsync(),
                .. ensemble.Length == 1
                    ? []
                    : ensemble.Select(one =>
                        $"server.{one._number}={_options.On.Address}"
                        + $":{_detours.GetValueOrDefault(one._number, one._quorumPort)}"
                        + $":{one._electionPort}"
                    ),
            ]
        );
        string[] arguments =
        [
            "-Xmx128m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            Jars,
            "org.apache.zookeeper.server.quorum.QuorumPeerMain",
            config,
        ];
        _process = await _options.On.StartAsync("java", arguments, _directory.Path);
    }

    private async Task<string[]> TlsAsync()
    {
        if (_options.Certificates is not { } certificates)
        {
            return [];
        }

        var own = _directory.File("own.pem");
        await File.WriteAllTextAsync(
            own,
            await File.ReadAllTextAsync(certificates.ServerKeyFile)
                + "\n"
                + await File.ReadAllTextAsync(certificates.ServerCertFile)
        );
        return
        [
            $"secureClientPort={SecurePort}",
            $"secureClientPortAddress={_options.On.Address}",
            "serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory",
            $"ssl.keyStore.location={own}",
            "ssl.keyStore.type=PEM",
            $"ssl.trustStore.location={certificates.CaFile}",
            "ssl.trustStore.type=PEM",
            $"ssl.clientAuth={(_options.NeedsClientCertificate ? "need" : "none")}",
        ];
    }

    private async Task<string> AskAsync(string word)
    {
        // A server that has bound its port and does not serve yet accepts and forgets.
        using var patience = new CancellationTokenSource(AnswerPatience);
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(_options.On.Address, Port, patience.Token);
            var stream = client.GetStream();
            await stream.WriteAsync(Encoding.ASCII.GetBytes(word), patience.Token);
            using var reader = new StreamReader(stream);
            return await reader.ReadToEndAsync(patience.Token);
        }
        catch (OperationCanceledException e)
        {
            throw new IOException($"{Endpoint} did not answer '{word}' in time.", e);
        }
    }
}
