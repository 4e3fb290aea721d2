using System.Net.Sockets;
using System.Threading.Channels;

namespace ClusterSession.TestKit.Faults;

/// <summary>
/// Moves the bytes of one direction of one connection.
///
///   source socket -> reader -> [chunk, arrival, jitter] ... bounded queue ... -> writer -> faults -> target socket
///
/// Reader and writer are two tasks so that a delay adds latency without costing throughput. The
/// queue is bounded, so a blocked link pushes back on the sender as a full TCP window does. The end
/// of the stream (FIN or RST) travels through the queue like a chunk: a blocked link shows no FIN.
/// A single task per direction was rejected: with it a delay of d limits the link to one chunk per
/// d.
/// </summary>
internal sealed class LinkPump(
    Socket source,
    Socket target,
    LinkFaults faults,
    LinkCounters counters,
    Random random,
    TimeProvider time
)
{
    private const int ChunkBytes = 16 * 1024;

    private readonly Channel<Chunk> _queue = Channel.CreateBounded<Chunk>(256);
    private long _sinceCorruption;

    private enum End
    {
        None,
        Stream,
        Reset,
    }

    private readonly record struct Chunk(byte[] Bytes, long ArrivedAt, double JitterShare, End End)
    {
        public ReplyDrop? Drop { get; init; }
    }

    /// <summary>
    /// Sees bytes as they arrive, before they are queued. Returns what may pass, and the order
    /// fulfilled by what may not.
    /// </summary>
    public required Func<byte[], (byte[] Pass, ReplyDrop? Fulfilled)> Inspect { get; init; }

    /// <summary>Ends the whole connection with a reset.</summary>
    public required Action Reset { get; init; }

    public Task RunAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(ReadAsync(cancellationToken), WriteAsync(cancellationToken));

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        var buffer = new byte[ChunkBytes];
        var end = End.Stream;
        ReplyDrop? drop = null;
        try
        {
            while (true)
            {
                var count = await source.ReceiveAsync(buffer, cancellationToken);
                if (count == 0)
                {
                    break;
                }
                counters.AddReceived(count);
                var (bytes, fulfilled) = Inspect(buffer.AsSpan(0, count).ToArray());
                counters.AddSwallowed(count - bytes.Length);
                if (bytes.Length > 0)
                {
                    await _queue.Writer.WriteAsync(
                        new Chunk(bytes, time.GetTimestamp(), NextShare(), End.None),
                        cancellationToken
                    );
                }
                if (fulfilled is not null)
                {
                    end = End.Reset;
                    drop = fulfilled;
                    break;
                }
            }
        }
        catch (Exception e)
            when (e
                    is SocketException
                        or ObjectDisposedException
                        or OperationCanceledException
                        or ChannelClosedException
            )
        {
            end = End.Reset;
        }
        await TryEndAsync(end, drop, cancellationToken);
    }

    private async Task TryEndAsync(End end, ReplyDrop? drop, CancellationToken cancellationToken)
    {
        try
        {
            await _queue.Writer.WriteAsync(
                new Chunk([], time.GetTimestamp(), 0, end) { Drop = drop },
                cancellationToken
            );
        }
        catch (Exception e) when (e is OperationCanceledException or ChannelClosedException)
        {
            // The connection is being torn down; nobody waits for the end of the stream.
        }
        _queue.Writer.TryComplete();
    }

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var chunk in _queue.Reader.ReadAllAsync(cancellationToken))
            {
                await WaitUntilDueAsync(chunk, cancellationToken);
                switch (chunk.End)
                {
                    case End.Reset:
                        Reset();
                        chunk.Drop?.Done();
                        break;
                    case End.Stream:
                        EndOfStreamTo(target);
                        break;
                    default:
                        await SendAsync(chunk.Bytes, cancellationToken);
                        break;
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The target is gone: its kernel answers a late sender with a reset, and so does the
            // proxy.
            Reset();
        }
        finally
        {
            _queue.Writer.TryComplete();
        }
    }

    private async Task WaitUntilDueAsync(Chunk chunk, CancellationToken cancellationToken)
    {
        while (true)
        {
            var (state, changed) = faults.Observe();
            if (state.Blocked)
            {
                await changed.WaitAsync(cancellationToken);
                continue;
            }
            var left = state.Delay + (state.Jitter * chunk.JitterShare) - time.GetElapsedTime(chunk.ArrivedAt);
            if (left <= TimeSpan.Zero)
            {
                return;
            }
            await PauseAsync(left, changed, cancellationToken);
        }
    }

    private async Task SendAsync(byte[] bytes, CancellationToken cancellationToken)
    {
        var sent = 0;
        while (sent < bytes.Length)
        {
            await faults.WhenOpenAsync(cancellationToken);
            var state = faults.State;
            var size = Math.Min(bytes.Length - sent, state.SliceBytes ?? bytes.Length);
            if (state.BytesPerSecond is { } limit)
            {
                size = (int)Math.Clamp(limit / 20, 1, size);
            }
            var slice = bytes.AsMemory(sent, size);
            Corrupt(slice.Span, state.CorruptEveryBytes);
            var pushed = await target.SendAsync(slice, cancellationToken);
            counters.AddForwarded(pushed);
            sent += pushed;
            await PaceAsync(pushed, cancellationToken);
        }
    }

    private async Task PaceAsync(int pushed, CancellationToken cancellationToken)
    {
        var since = time.GetTimestamp();
        while (true)
        {
            var (state, changed) = faults.Observe();
            if (state.BytesPerSecond is not { } limit)
            {
                return;
            }
            var left = TimeSpan.FromSeconds((double)pushed / limit) - time.GetElapsedTime(since);
            if (left <= TimeSpan.Zero)
            {
                return;
            }
            await PauseAsync(left, changed, cancellationToken);
        }
    }

    private async Task PauseAsync(TimeSpan left, Task changed, CancellationToken cancellationToken)
    {
        using var pause = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(Task.Delay(left, time, pause.Token), changed);
        await pause.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }

    private void Corrupt(Span<byte> bytes, int? every)
    {
        if (every is not { } distance)
        {
            return;
        }
        for (var i = 0; i < bytes.Length; i++)
        {
            if (++_sinceCorruption >= distance)
            {
                _sinceCorruption = 0;
                lock (random)
                {
                    bytes[i] ^= (byte)(1 << random.Next(8));
                }
                counters.AddCorrupted();
            }
        }
    }

    private double NextShare()
    {
        lock (random) // shared by all pumps of one proxy, so that one seed names one run
        {
            return random.NextDouble();
        }
    }

    private static void EndOfStreamTo(Socket target)
    {
        try
        {
            target.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // Already gone; then it needs no FIN.
        }
    }
}
