using Microsoft.AspNetCore.Builder;

namespace ClusterSession.Tests.Tickets;

/// <summary>Holds one request back that has been authenticated already.</summary>
public sealed class RequestGate
{
    private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _isClosed;

    /// <summary>Done when the request is here.</summary>
    public Task Entered => _entered.Task;

    public void Use(WebApplication app) =>
        app.Use(
            async (context, next) =>
            {
                if (Interlocked.Exchange(ref _isClosed, 0) == 1)
                {
                    _entered.SetResult();
                    await _gate.Task;
                }

                await next(context);
            }
        );

    /// <summary>The next request waits.</summary>
    public void Close() => Volatile.Write(ref _isClosed, 1);

    public void Open() => _gate.SetResult();
}
