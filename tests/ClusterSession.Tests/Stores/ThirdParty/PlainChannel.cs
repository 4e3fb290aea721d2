using System.Threading.Channels;
using ClusterSession.Stores;

namespace ClusterSession.Tests.Stores.ThirdParty;

/// <summary>
/// One node's end of a channel that drops a third of the frames and reorders the others.
/// </summary>
internal sealed class PlainChannel(List<PlainChannel> nodes, int seed) : IStoreChannel, IAsyncDisposable
{
    private readonly Channel<byte[]> _inbox = Channel.CreateUnbounded<byte[]>();
    private readonly Random _random = new(seed);
    private Task _receiving = Task.CompletedTask;

    public ValueTask ListenAsync(IStoreChannelListener listener, CancellationToken cancellationToken)
    {
        lock (nodes)
        {
            nodes.Add(this);
        }

        _receiving = Task.Run(() => ReceiveAsync(listener), cancellationToken);
        return ValueTask.CompletedTask;
    }

    public ValueTask<StoreFailure> PublishAsync(ReadOnlyMemory<byte> frame, StoreDeadline deadline)
    {
        ArgumentOutOfRangeException.ThrowIfZero(frame.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(frame.Length, IStoreChannel.MaxBytes);
        lock (nodes)
        {
            foreach (var other in nodes.Where(node => node != this))
            {
                other._inbox.Writer.TryWrite(frame.ToArray());
            }
        }

        return new(StoreFailure.None);
    }

    public async ValueTask DisposeAsync()
    {
        lock (nodes)
        {
            nodes.Remove(this);
        }

        _inbox.Writer.TryComplete();
        await _receiving;
    }

    private async Task ReceiveAsync(IStoreChannelListener listener)
    {
        listener.OnConnected();
        var waiting = new List<byte[]>();
        while (waiting.Count > 0 || await _inbox.Reader.WaitToReadAsync())
        {
            while (_inbox.Reader.TryRead(out var frame))
            {
                if (_random.Next(3) > 0)
                {
                    waiting.Add(frame);
                }
            }

            if (waiting.Count > 0)
            {
                var next = _random.Next(waiting.Count);
                listener.OnFrame(waiting[next]);
                waiting.RemoveAt(next);
            }
        }
    }
}
