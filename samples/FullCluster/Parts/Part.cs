using ShopCluster;

namespace FullCluster.Parts;

/// <summary>
/// One box of the picture: a process that is killed, frozen and brought back, and the place that
/// outlives it.
/// </summary>
internal sealed class Part(
    string name,
    PartKind kind,
    int port,
    Func<Task<ServerProcess>> start,
    Func<Task<bool>> isReady
) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    // One command at a time: two clicks on the page must not start two processes on one port.
    private readonly SemaphoreSlim _turn = new(1);
    private ServerProcess? _process;
    private bool _isStarting;
    private bool _isFrozen;

    public string Name => name;

    public PartKind Kind => kind;

    public int Port => port;

    public PartState State =>
        _isStarting ? PartState.Starting
        : _process is not { HasExited: false } ? PartState.Down
        : _isFrozen ? PartState.Frozen
        : PartState.Up;

    /// <summary>Starts the process and waits until it is ready. Does nothing if it runs.</summary>
    public Task StartAsync(CancellationToken cancellation) =>
        InTurnAsync(
            async () =>
            {
                if (State is PartState.Up or PartState.Frozen)
                {
                    return;
                }

                try
                {
                    (_isStarting, _isFrozen) = (true, false);
                    await (_process?.DisposeAsync() ?? ValueTask.CompletedTask);
                    _process = await start();
                    await _process.ReadyAsync(isReady, Patience, cancellation);
                }
                finally
                {
                    _isStarting = false;
                }
            },
            cancellation
        );

    /// <summary>kill -9, its children as well. Does nothing if it is down.</summary>
    public Task KillAsync(CancellationToken cancellation) =>
        InTurnAsync(
            async () =>
            {
                if (State == PartState.Down)
                {
                    return;
                }

                var children = Family.Of(_process!.Pid);
                await _process.Kill9Async();
                children.ForEach(Signal.Kill);
                _isFrozen = false;
            },
            cancellation
        );

    /// <summary>SIGSTOP: connections stay open, nothing answers.</summary>
    public Task FreezeAsync(CancellationToken cancellation) => FrozenAsync(true, cancellation);

    /// <summary>SIGCONT.</summary>
    public Task ThawAsync(CancellationToken cancellation) => FrozenAsync(false, cancellation);

    /// <summary>SIGHUP, at which nginx reads its configuration again.</summary>
    public async Task ReloadAsync(CancellationToken cancellation)
    {
        if (kind != PartKind.Nginx || State != PartState.Up)
        {
            throw new DemoException($"{name} cannot be reloaded: it is no nginx, or does not run.");
        }

        var former = Family.Of(_process!.Pid);
        Signal.HangUp(_process.Pid);
        await Condition.HoldsAsync(
            () =>
            {
                cancellation.ThrowIfCancellationRequested();
                return Family.Of(_process.Pid).Except(former).Any();
            },
            "nginx has started new workers",
            Patience
        );
    }

    /// <summary>Asks it to end, and waits for that.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false } process)
        {
            var children = Family.Of(process.Pid);
            children.ForEach(Signal.Continue);
            await process.TerminateAsync();
            children.ForEach(Signal.Kill);
        }

        await (_process?.DisposeAsync() ?? ValueTask.CompletedTask);
        _turn.Dispose();
    }

    private Task FrozenAsync(bool isFrozen, CancellationToken cancellation) =>
        InTurnAsync(
            () =>
            {
                if (State is PartState.Up or PartState.Frozen)
                {
                    List<int> all = [_process!.Pid, .. Family.Of(_process.Pid)];
                    all.ForEach(isFrozen ? Signal.Stop : Signal.Continue);
                    _isFrozen = isFrozen;
                }

                return Task.CompletedTask;
            },
            cancellation
        );

    private async Task InTurnAsync(Func<Task> command, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            await command();
        }
        finally
        {
            _turn.Release();
        }
    }
}
