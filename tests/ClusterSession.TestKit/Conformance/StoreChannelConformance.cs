using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using ClusterSession.Stores;
using Xunit;

namespace ClusterSession.TestKit.Conformance;

/// <summary>
/// What every <see cref="IStoreChannel"/> must do while nothing fails: what may be lost is not
/// asserted.
/// </summary>
public abstract class StoreChannelConformance : IAsyncLifetime
{
    private readonly Received _a = new();
    private readonly Received _b = new();
    private StorePair _pair = null!;

    protected abstract Task<StorePair> CreatePairAsync();

    private IStoreChannel A => _pair.A.Channel!;

    private IStoreChannel B => _pair.B.Channel!;

    public async ValueTask InitializeAsync()
    {
        _pair = await CreatePairAsync();
        await A.ListenAsync(_a, default);
        await B.ListenAsync(_b, default);
        await Condition.HoldsAsync(() => _a.Connections > 0 && _b.Connections > 0, "both nodes can receive");
    }

    public async ValueTask DisposeAsync() => await _pair.DisposeAsync();

    [Fact]
    public async Task Frame_reaches_the_other_node_and_not_the_one_that_sent_it()
    {
        await PublishUntilReceivedAsync(A, "from a", _b);
        await PublishUntilReceivedAsync(B, "from b", _a);
        Assert.DoesNotContain("from a", _a.Frames);
        Assert.DoesNotContain("from b", _b.Frames);
    }

    [Fact]
    public async Task Frame_of_any_bytes_up_to_the_most_arrives_as_it_was()
    {
        var frame = new byte[IStoreChannel.MaxBytes];
        for (var i = 0; i < frame.Length; i++)
        {
            frame[i] = (byte)(i * 7);
        }

        await PublishUntilReceivedAsync(A, Encoding.Latin1.GetString(frame), _b);
    }

    [Fact]
    public async Task Frame_that_is_empty_or_too_long_is_refused()
    {
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await A.PublishAsync(default, default));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () =>
            await A.PublishAsync(new byte[IStoreChannel.MaxBytes + 1], default)
        );
    }

    [Fact]
    public async Task Many_frames_from_both_sides_at_once_arrive_whole()
    {
        var sent = Enumerable
            .Range(0, 200)
            .Select(i => string.Create(CultureInfo.InvariantCulture, $"frame {i}"))
            .ToArray();
        await Task.WhenAll(sent.SelectMany(text => new[] { PublishAsync(A, text), PublishAsync(B, text) }));
        await PublishUntilReceivedAsync(A, "last", _b);
        await PublishUntilReceivedAsync(B, "last", _a);
        Assert.Empty(_a.Frames.Concat(_b.Frames).Except([.. sent, "last"]));
    }

    private static Task PublishUntilReceivedAsync(IStoreChannel by, string text, Received to) =>
        Condition.HoldsAsync(
            async () =>
            {
                await PublishAsync(by, text);
                return to.Frames.Contains(text);
            },
            "the frame is received, if it is sent often enough"
        );

    private static async Task PublishAsync(IStoreChannel by, string text) =>
        Assert.Equal(StoreFailure.None, await by.PublishAsync(Encoding.Latin1.GetBytes(text), default));

    private sealed class Received : IStoreChannelListener
    {
        private int _connections;

        public ConcurrentQueue<string> Frames { get; } = new();

        public int Connections => Volatile.Read(ref _connections);

        public void OnConnected() => Interlocked.Increment(ref _connections);

        public void OnFrame(ReadOnlySpan<byte> frame) => Frames.Enqueue(Encoding.Latin1.GetString(frame));
    }
}
