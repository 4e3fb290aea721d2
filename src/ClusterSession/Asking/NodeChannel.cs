using ClusterSession.Diagnostics;
using ClusterSession.Local;
using ClusterSession.Records;
using ClusterSession.Stores;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Asking;

/// <summary>
/// This node on the channel between the nodes: says each second that it is there, answers what others ask
/// for, and hears what they answer. Where the store has no channel it does nothing.
/// </summary>
/// <remarks>
/// An ask that may have waited while this node was not running is dropped: what it asks for may have expired
/// since, or have been ended. Whoever asked has not waited for it either.
/// </remarks>
internal sealed class NodeChannel(
    FrameSender sender,
    NodeMembers members,
    SessionAsks asks,
    SessionHolder holder,
    NodeSessions nodes,
    TimeProvider time,
    ILogger<NodeChannel> logger
) : IHostedLifecycleService, IStoreChannelListener, IAsyncDisposable
{
    private const int AtOnce = 64;
    private const int MostAnswering = 64;

    private readonly SemaphoreSlim _answering = new(4); // asks of which this node knows something
    private readonly LogRate _older = new(time);
    private readonly LogRate _failing = new(time);
    private ITimer? _timer;
    private int _underWay;
    private volatile bool _hasLeft;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (sender.Channel is { } channel)
        {
            members.Tick();
            await channel.ListenAsync(this, cancellationToken).ConfigureAwait(false);
            _timer = time.CreateTimer(_ => Tick(), null, NodeMembers.Interval, NodeMembers.Interval);
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
            await sender
                .SendAsync(NodeFrame.Hello(sender.Process, NodeMembers.Protocol, NodeFrame.LeavingFlag))
                .ConfigureAwait(false);
        }
    }

    public ValueTask DisposeAsync()
    {
        _hasLeft = true;
        return _timer?.DisposeAsync() ?? ValueTask.CompletedTask;
    }

    public void OnConnected()
    {
        members.OnConnected();
        asks.OnJoined();
        _ = HelloAsync(NodeFrame.NewFlag);
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
            case FrameKind.Answer when NodeFrame.ReadAsked(frame) is var asked && asked.Process == sender.Process:
                OnAnswers(process, asked, NodeFrame.ReadAnswers(frame));
                break;
            case FrameKind.Done when NodeFrame.ReadAsked(frame) is var asked && asked.Process == sender.Process:
                asks.OnDone(process, asked, NodeFrame.ReadDone(frame));
                break;
        }
    }

    private void OnHello(long process, (byte Protocol, byte Flags) hello)
    {
        var isLeaving = (hello.Flags & NodeFrame.LeavingFlag) != 0;
        if (members.Heard(process, hello.Protocol, isLeaving))
        {
            asks.OnJoined();
        }

        if (isLeaving)
        {
            asks.OnLeft(process);
        }
        else if ((hello.Flags & NodeFrame.NewFlag) != 0)
        {
            _ = HelloAsync(flags: 0);
        }
    }

    private void OnAsk(long process, (long Number, SessionKey[] Keys) ask)
    {
        if (members.IsDrowsy)
        {
            return;
        }

        var known = Array.FindAll(ask.Keys, holder.Knows);
        var id = new AskId(process, ask.Number);
        if (known.Length == 0)
        {
            sender.Send(NodeFrame.Done(sender.Process, id, answers: 0));
        }
        else if (Interlocked.Increment(ref _underWay) <= MostAnswering)
        {
            _ = AnswerAsync(id, known);
        }
        else
        {
            Interlocked.Decrement(ref _underWay); // It is asked again, or taken for not answered.
        }
    }

    private async Task AnswerAsync(AskId ask, SessionKey[] keys)
    {
        await _answering.WaitAsync().ConfigureAwait(false);
        try
        {
            var deadline = new StoreDeadline(time, SessionAsks.Patience);
            var answers = new List<(SessionKey Key, AskAnswer Answer)>();
            foreach (var batch in keys.Chunk(AtOnce))
            {
                var said = await Task.WhenAll(batch.Select(key => holder.AnswerAsync(key, deadline).AsTask()))
                    .ConfigureAwait(false);
                answers.AddRange(
                    batch
                        .Zip(said, static (key, answer) => (key, answer ?? AskAnswer.Unsaid))
                        .Where(static answer => answer.Item2 != AskAnswer.None)
                );
            }

            foreach (var part in answers.Chunk(NodeFrame.MostAnswered))
            {
                sender.Send(NodeFrame.Answer(sender.Process, ask, part));
            }

            sender.Send(NodeFrame.Done(sender.Process, ask, answers.Count));
        }
        finally
        {
            Interlocked.Decrement(ref _underWay);
            _answering.Release();
        }
    }

    private void OnAnswers(long process, AskId asked, (SessionKey Key, AskAnswer Answer)[] answers)
    {
        foreach (var (key, answer) in answers)
        {
            if (answer == AskAnswer.Ended)
            {
                nodes.Copies.Drop(key); // Whoever has restored it meanwhile: it has been ended again.
            }
        }

        asks.OnAnswers(process, asked, answers);
    }

    private void Tick()
    {
        members.Tick();
        _ = HelloAsync(flags: 0);
        if (members.Older is var older and > 0 && _older.MayWrite(out _))
        {
            logger.NodesOfAnOlderRelease(older);
        }
    }

    private async Task HelloAsync(byte flags)
    {
        var failure = await sender
            .SendAsync(NodeFrame.Hello(sender.Process, NodeMembers.Protocol, flags))
            .ConfigureAwait(false);
        if (failure == StoreFailure.Refused && _failing.MayWrite(out _))
        {
            logger.NodesCannotBeAsked(failure);
        }
    }
}
