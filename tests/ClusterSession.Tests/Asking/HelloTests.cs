using System.Collections.Concurrent;
using ClusterSession.Asking;
using ClusterSession.Records;
using ClusterSession.Stores;
using ClusterSession.Stores.InMemory;
using ClusterSession.TestKit.Time;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace ClusterSession.Tests.Asking;

/// <summary>What many nodes say to each other when they connect again at once.</summary>
public sealed class HelloTests : IAsyncLifetime
{
    private const int Nodes = 64;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly ManualTimeProvider _time = new();
    private readonly ConcurrentQueue<byte[]> _frames = new();
    private readonly List<ServiceProvider> _providers = [];
    private readonly List<NodeChannel> _channels = [];
    private readonly InMemorySessions _sessions;

    public HelloTests() => _sessions = new InMemorySessions(_time);

    public async ValueTask InitializeAsync()
    {
        await new InMemorySessionStore(_sessions).Channel.ListenAsync(new Recorder(_frames), default);
        for (var i = 0; i < Nodes; i++)
        {
            await StartAsync(new Random(i));
        }

        _time.Advance(5 * Interval);
        _frames.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var provider in _providers)
        {
            await provider.DisposeAsync();
        }
    }

    [Fact]
    public void Nodes_that_connect_again_at_once_say_hello_five_times_each_at_most()
    {
        foreach (var channel in _channels)
        {
            channel.OnConnected();
        }

        _time.Advance(Hellos.Gathering);
        Assert.Equal(Nodes, Hello(NodeFrame.NewFlag));
        Assert.InRange(Hello(0), 1, (Hellos.AtOnce + 1) * Nodes);
        Assert.All(_providers, provider =>
            Assert.Equal(Nodes - 1, provider.GetRequiredService<LiveNodes>().Asked().Count)
        );
    }

    [Fact]
    public async Task Node_that_comes_alone_hears_of_all_the_others_at_once()
    {
        await StartAsync(new Random(Nodes)); // Time stands still.
        Assert.Equal(Nodes, _providers[^1].GetRequiredService<LiveNodes>().Asked().Count);
        Assert.Equal(Nodes, Hello(0));
    }

    [Fact]
    public async Task Hello_that_is_due_anyway_is_the_answer_and_is_not_said_twice()
    {
        await StartAsync(new LastMoment()); // It answers as late as it may.
        _time.Advance(5 * Interval);
        _time.Advance(Interval - (Hellos.Gathering / 2));
        _channels[..Hellos.AtOnce].ForEach(static channel => channel.OnConnected()); // Are answered at once.
        _frames.Clear();
        _channels[Hellos.AtOnce].OnConnected();
        _time.Advance(Hellos.Gathering / 2); // All say hello now, as each second.
        Assert.Equal(1, Hello(0, of: Nodes));
        _time.Advance(Hellos.Gathering);
        Assert.Equal(1, Hello(0, of: Nodes));
    }

    [Fact]
    public async Task Node_that_is_gone_answers_nobody()
    {
        await StartAsync(new LastMoment());
        _time.Advance(Interval / 2);
        _channels[..Hellos.AtOnce].ForEach(static channel => channel.OnConnected()); // Are answered at once.
        _frames.Clear();
        _channels[Hellos.AtOnce].OnConnected();
        await _channels[Nodes].DisposeAsync();
        _time.Advance(3 * Interval);
        Assert.Equal(0, Hello(0, of: Nodes));
        Assert.NotEqual(0, Hello(0, of: Nodes - 1));
    }

    private int Hello(byte flags, int? of = null) =>
        _frames.Count(frame =>
            NodeFrame.TryRead(frame, out var kind, out var process)
            && kind == FrameKind.Hello
            && NodeFrame.ReadHello(frame).Flags == flags
            && (of is not { } node || process == _providers[node].GetRequiredService<HybridClock>().Writer)
        );

    private async Task StartAsync(Random random)
    {
        var store = new InMemorySessionStore(_sessions);
        var services = new ServiceCollection();
        services.AddLogging().AddSingleton<TimeProvider>(_time).AddSingleton(random);
        services.AddClusterSession(static options => options.KeyPrefix = "cs").UseStore(_ => store);
        _providers.Add(services.BuildServiceProvider());
        _channels.Add(ActivatorUtilities.CreateInstance<NodeChannel>(_providers[^1]));
        await _channels[^1].StartAsync(default);
    }

    private sealed class LastMoment : Random
    {
        public override double NextDouble() => 0.99;
    }

    private sealed class Recorder(ConcurrentQueue<byte[]> frames) : IStoreChannelListener
    {
        public void OnConnected() { }

        public void OnFrame(ReadOnlySpan<byte> frame) => frames.Enqueue(frame.ToArray());
    }
}
