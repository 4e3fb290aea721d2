using ClusterSession.Diagnostics;
using ClusterSession.Stores;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Asking;

/// <summary>
/// Says that this node is there: each second, when it has come or leaves, and to who has come.
/// Thread-safe.
/// </summary>
/// <remarks>
/// At a failover all nodes connect again at once, and each says that it is new. If each answered
/// each, that would be the square of their number in frames, and each frame reaches all. So only
/// the first three in 50 ms are answered at once. For all others who come then there is one answer,
/// at a moment that each node draws for itself, and none where this node has said that it is there
/// since they came.
/// </remarks>
internal sealed class Hellos(FrameSender sender, TimeProvider time, Random random, ILogger<NodeChannel> logger)
{
    /// <summary>How many are answered at once.</summary>
    public const int AtOnce = 3;

    /// <summary>
    /// The time in which all nodes after the first <see cref="AtOnce"/> share one answer.
    /// </summary>
    public static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(50);

    private readonly LogRate _failing = new(time);
    private readonly Lock _gate = new(); // guards the two below
    private long _gatheringSince = long.MinValue;
    private int _answers; // since then
    private int _isDue; // somebody has come since this node said last that it is there
    private volatile bool _hasLeft;

    /// <summary>
    /// Says to all nodes that this one is there. Nodes that have come before need no other answer.
    /// </summary>
    public async Task SayAsync(byte flags = 0)
    {
        if (_hasLeft)
        {
            return;
        }

        Volatile.Write(ref _isDue, 0);
        var failure = await SendAsync(flags).ConfigureAwait(false);
        if (failure == StoreFailure.Refused && _failing.MayWrite(out _))
        {
            logger.NodesCannotBeAsked(failure);
        }
    }

    /// <summary>A node has come that does not know of this one.</summary>
    public void Answer()
    {
        if (IsOneOfTheFirst())
        {
            _ = SayAsync();
        }
        else if (Interlocked.Exchange(ref _isDue, 1) == 0)
        {
            _ = AnswerAsync();
        }
    }

    /// <summary>Nothing is said after this, not to who has come either.</summary>
    public async Task LeaveAsync()
    {
        _hasLeft = true;
        await SendAsync(NodeFrame.LeavingFlag).ConfigureAwait(false);
    }

    /// <summary>Nothing is said after this.</summary>
    public void Stop() => _hasLeft = true;

    private bool IsOneOfTheFirst()
    {
        lock (_gate)
        {
            if (_gatheringSince == long.MinValue || time.GetElapsedTime(_gatheringSince) >= Gathering)
            {
                (_gatheringSince, _answers) = (time.GetTimestamp(), 0);
            }

            return _answers++ < AtOnce;
        }
    }

    private async Task AnswerAsync()
    {
        await Task.Delay(Gathering * (1 + random.NextDouble()) / 2, time).ConfigureAwait(false);
        if (Interlocked.Exchange(ref _isDue, 0) == 1)
        {
            await SayAsync().ConfigureAwait(false);
        }
    }

    private ValueTask<StoreFailure> SendAsync(byte flags) =>
        sender.SendAsync(NodeFrame.Hello(sender.Process, LiveNodes.Protocol, flags));
}
