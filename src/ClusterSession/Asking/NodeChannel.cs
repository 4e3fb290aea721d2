using ClusterSession.Diagnostics;
using ClusterSession.Local;
using ClusterSession.Records;
using ClusterSession.Stores;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Asking;

/// <summary>
/// This node on the channel between the nodes: says each second that it is there, answers what
/// others ask for, and hears what they answer. Where the store has no channel it does nothing.
/// </summary>
/// <remarks>
/// An ask that may have waited while this node was not running is dropped: what it asks for may
/// have expired since, or have been ended. The node that asked has not waited for it either.
/// </remarks>
internal sealed class NodeChannel(
    FrameSender sender,
    Hellos hellos,
    LiveNodes liveNodes,
    SessionAsks asks,
    AskedSessions asked,
    NodeSessions local,
    TimeProvider time,
    ILogger<NodeChannel> logger
) : IHostedLifecycleService, IStoreChannelListener, IAsyncDisposable
{
    private readonly LogRate _older = new(time);
    private ITimer? _timer;
    private volatile bool _hasLeft;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (sender.Channel is { } channel)
        {
            liveNodes.Tick();
            await channel.ListenAsync(this, cancellationToken).ConfigureAwait(false);
            _timer = time.CreateTimer(_ => Tick(), null, LiveNodes.Interval, LiveNodes.Interval);
        }
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Goes on answering while requests end, and what is pending is sent.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Nobody waits for this node from now on.</summary>
    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        if (_timer is not null && !_hasLeft)
        {
            _hasLeft = true;
            await _timer.DisposeAsync().ConfigureAwait(false);
            await hellos.LeaveAsync().ConfigureAwait(false);
        }
    }

    public ValueTask DisposeAsync()
    {
        _hasLeft = true;
        hellos.Stop();
        return _timer?.DisposeAsync() ?? ValueTask.CompletedTask;
    }

    public void OnConnected()
    {
        liveNodes.OnConnected();
        asks.OnJoined();
        _ = hellos.SayAsync(NodeFrame.NewFlag);
    }

    public void OnFrame(ReadOnlySpan<byte> frame)
    {
        if (_hasLeft || !NodeFrame.TryRead(frame, out var kind, out var process) || process == sender.Process)
        {
            return;
        }

        switch (kind)
        {
            case FrameKind.Hello:
                OnHello(process, NodeFrame.ReadHello(frame));
                break;
            case FrameKind.Ask:
                OnAsk(process, NodeFrame.ReadAsk(frame));
                break;
            case FrameKind.Answer when NodeFrame.ReadAsked(frame) is var ask && ask.Process == sender.Process:
                OnAnswers(process, ask, NodeFrame.ReadAnswers(frame));
                break;
            case FrameKind.Done when NodeFrame.ReadAsked(frame) is var ask && ask.Process == sender.Process:
                asks.OnDone(process, ask, NodeFrame.ReadDone(frame));
                break;
        }
    }

    private void OnHello(long process, (byte Protocol, byte Flags) hello)
    {
        var isLeaving = (hello.Flags & NodeFrame.LeavingFlag) != 0;
        if (liveNodes.Heard(process, hello.Protocol, isLeaving))
        {
            asks.OnJoined();
        }

        if (isLeaving)
        {
            asks.OnLeft(process);
        }
        else if ((hello.Flags & NodeFrame.NewFlag) != 0)
        {
            hellos.Answer();
        }
    }

    private void OnAsk(long process, (long Number, SessionKey[] Keys) ask)
    {
        if (!liveNodes.IsDrowsy)
        {
            asked.Answer(new AskId(process, ask.Number), ask.Keys);
        }
    }

    private void OnAnswers(long process, AskId ask, (SessionKey Key, AskAnswer Answer)[] answers)
    {
        foreach (var (key, answer) in answers)
        {
            if (answer == AskAnswer.Ended)
            {
                local.Copies.Drop(key); // Restored meanwhile, perhaps: it has been ended again.
            }
        }

        asks.OnAnswers(process, ask, answers);
    }

    private void Tick()
    {
        liveNodes.Tick();
        _ = hellos.SayAsync();
        if (liveNodes.Older is var older and > 0 && _older.MayWrite(out _))
        {
            logger.NodesOfAnOlderRelease(older);
        }
    }
}
