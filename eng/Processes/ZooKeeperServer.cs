using System.Net.Sockets;
using System.Text;

namespace ClusterSession.Processes;

/// <summary>
/// A real ZooKeeper server on free loopback ports with a directory of its own: alone, or one of an
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

    private const string Jars = "/usr/share/java/zookeeper.jar:/usr/share/java/slf4j-simple.jar";
    private static readonly TimeSpan AnswerPatience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(60);

    private readonly TemporaryDirectory _directory = new();
    private readonly int _quorumPort = FreePort.Next();
    private readonly int _electionPort = FreePort.Next();
    private readonly int _number;
    private ServerProcess? _process;

    private ZooKeeperServer(int number) => _number = number;

    /// <summary>Where clients connect to; the same over restarts.</summary>
    public int Port { get; } = FreePort.Next();

    /// <summary>host:port.</summary>
    public string Endpoint => $"127.0.0.1:{Port}";

    /// <summary>The process, for signals.</summary>
    public ServerProcess Process => _process ?? throw new InvalidOperationException("The server has not been started.");

    /// <summary>Starts a server that is alone, and waits until it serves.</summary>
    public static async Task<ZooKeeperServer> StartAsync() => (await StartEnsembleAsync(1))[0];

    /// <summary>Starts an ensemble and waits until each of its servers serves.</summary>
    public static async Task<ZooKeeperServer[]> StartEnsembleAsync(int servers)
    {
        ZooKeeperServer[] ensemble = [.. Enumerable.Range(1, servers).Select(number => new ZooKeeperServer(number))];
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
                "syncLimit=5",
                $"dataDir={_directory.Path}",
                $"clientPort={Port}",
                "clientPortAddress=127.0.0.1",
                "maxClientCnxns=0",
                "admin.enableServer=false",
                .. ensemble.Length == 1
                    ? []
                    : ensemble.Select(one => $"server.{one._number}=127.0.0.1:{one._quorumPort}:{one._electionPort}"),
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
        _process = await ServerProcess.StartAsync("java", arguments, _directory.Path);
    }

    private async Task<string> AskAsync(string word)
    {
        // A server that has bound its port and does not serve yet accepts and forgets.
        using var patience = new CancellationTokenSource(AnswerPatience);
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync("127.0.0.1", Port, patience.Token);
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
