using System.Globalization;
using System.Net;
using ClusterSession.ChaosNode;
using ClusterSession.ChaosTests.Load.Http;
using ClusterSession.TestKit.Servers;

namespace ClusterSession.ChaosTests.Cluster;

/// <summary>
/// One application node as a process of its own, which can be killed, frozen, drained and started
/// again on the same port.
/// </summary>
internal sealed class ChaosNodeProcess : IAsyncDisposable
{
    private readonly NetworkHost _on;
    private readonly TemporaryDirectory _directory = new();
    private readonly List<string> _arguments;
    private ServerProcess? _process;

    private ChaosNodeProcess(NodeSettings settings, NetworkHost on, IEnumerable<string> arguments)
    {
        _on = on;
        Name = settings.Name;
        EndPoint = new IPEndPoint(IPAddress.Parse(on.Address), FreePort.Next());
        _arguments =
        [
            "exec",
            Path.Combine(AppContext.BaseDirectory, "ClusterSession.ChaosNode.dll"),
            "--name",
            settings.Name,
            "--mode",
            settings.Mode.ToString(),
            "--store",
            settings.Store,
            "--broken",
            settings.Broken.ToString(),
            "--clockOffset",
            settings.ClockOffset.ToString(null, CultureInfo.InvariantCulture),
            "--urls",
            string.Create(CultureInfo.InvariantCulture, $"http://{EndPoint}"),
            .. arguments,
        ];
    }

    public string Name { get; }

    public IPEndPoint EndPoint { get; }

    public ServerProcess Process => _process ?? throw new InvalidOperationException("The node has not been started.");

    /// <param name="arguments">More of the command line, such as
    /// <c>--ClusterSession:Durability=Local</c>.</param>
    public static async Task<ChaosNodeProcess> StartAsync(
        NodeSettings settings,
        NetworkHost? on = null,
        params string[] arguments
    )
    {
        var node = new ChaosNodeProcess(settings, on ?? NetworkHost.Loopback, arguments);
        try
        {
            await node.StartAgainAsync();
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    public Task StartAgainAsync() => StartAgainAsync([]);

    /// <param name="arguments">What counts this time, and over what was said at first.</param>
    public async Task StartAgainAsync(params string[] arguments)
    {
        if (_process is { } old)
        {
            await old.DisposeAsync();
        }
        _process = await _on.StartAsync("dotnet", [.. _arguments, .. arguments], _directory.Path);
        await _process.ReadyAsync(IsHealthyAsync);
    }

    public Task Kill9Async() => Process.Kill9Async();

    /// <summary>SIGTERM: stops taking requests, finishes, ends.</summary>
    public Task DrainAsync() => Process.TerminateAsync();

    public async ValueTask DisposeAsync()
    {
        if (_process is { } process)
        {
            await process.DisposeAsync();
        }
        _directory.Dispose();
    }

    private async Task<bool> IsHealthyAsync()
    {
        try
        {
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(2));
            using var connection = await PlainHttpConnection.ConnectAsync(EndPoint, deadline.Token);
            return (await connection.SendAsync("GET", "/health", null, null, deadline.Token)).Status == 200;
        }
        catch (Exception e)
            when (e
                    is RequestNotSentException
                        or IOException
                        or System.Net.Sockets.SocketException
                        or OperationCanceledException
            )
        {
            return false;
        }
    }
}
