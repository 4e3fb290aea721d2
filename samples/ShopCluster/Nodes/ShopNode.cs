using System.Net.Http.Json;
using System.Text.Json;
using Shop.Nodes;
using ShopCluster.Processes;

namespace ShopCluster.Nodes;

/// <summary>
/// One node: a process that is killed and started again, and the place that outlives it (name,
/// port, figures).
/// </summary>
internal sealed class ShopNode(string name, int port, string? redis, WorkDirectory directory) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(1) };

    // One kill or start at a time: two clicks on the page must not start two processes on one port.
    private readonly SemaphoreSlim _turn = new(1);
    private ServerProcess? _process;
    private bool _starting;
    private long _requestsBefore;
    private long _requestsNow;

    public string Name => name;

    public int Port => port;

    public int Kills { get; private set; }

    public NodeState State =>
        _starting ? NodeState.Starting
        : _process is { HasExited: false } ? NodeState.Up
        : NodeState.Down;

    /// <summary>Requests that the node has answered, over all its lives.</summary>
    public long Requests => _requestsBefore + _requestsNow;

    /// <summary>Starts the process and waits until it answers. Does nothing if it runs.</summary>
    public async Task StartAsync(CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            if (State == NodeState.Up)
            {
                return;
            }

            _starting = true;
            await (_process?.DisposeAsync() ?? ValueTask.CompletedTask);
            // A new process counts from zero, also after one that fell by itself.
            _requestsBefore += _requestsNow;
            _requestsNow = 0;

            List<string> arguments =
            [
                "exec",
                Path.Combine(AppContext.BaseDirectory, "Shop.dll"),
                "--urls",
                $"http://127.0.0.1:{port}",
                "--Node",
                name,
                "--contentRoot",
                directory.Path,
            ];
            if (redis is not null)
            {
                arguments.AddRange(["--ConnectionStrings:Redis", redis]);
            }

            _process = await ServerProcess.StartAsync(
                DotnetHost(),
                arguments,
                directory.Path,
                logFile: directory.File($"{name}.log")
            );
            await _process.ReadyAsync(LookAsync, Patience, cancellation);
        }
        finally
        {
            _starting = false;
            _turn.Release();
        }
    }

    /// <summary>kill -9. Does nothing if it is down.</summary>
    public async Task KillAsync(CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            if (State != NodeState.Up)
            {
                return;
            }

            await LookAsync();
            await _process!.Kill9Async();
            Kills++;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Asks the node for its figures. False if it does not answer.</summary>
    public async Task<bool> LookAsync()
    {
        try
        {
            var status = await Http.GetFromJsonAsync<NodeStatus>($"http://127.0.0.1:{port}/node");
            _requestsNow = status!.Requests;
            return true;
        }
        catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException or JsonException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await (_process?.DisposeAsync() ?? ValueTask.CompletedTask);
        _turn.Dispose();
    }

    /// <summary>
    /// The same runtime as this process has, which need not be the one on the PATH.
    /// </summary>
    private static string DotnetHost() =>
        Environment.ProcessPath is { } path && Path.GetFileName(path) == "dotnet" ? path : "dotnet";
}

/// <summary>What a node is doing.</summary>
internal enum NodeState
{
    Down,
    Starting,
    Up,
}
