using System.Collections.Concurrent;

namespace ClusterSession.ZooKeeper.Tests.Client;

/// <summary>A client, and the states that it has told of.</summary>
internal sealed class ClientScope : IAsyncDisposable
{
    /// <summary>The longest that the server grants: the machine may be busy.</summary>
    public static readonly TimeSpan SessionTimeout = TimeSpan.FromSeconds(8);

    private ClientScope(ZooKeeperOptions options)
    {
        Client = new ZooKeeperClient(options, States.Enqueue);
        Client.Start();
    }

    public ZooKeeperClient Client { get; }

    public ConcurrentQueue<ZooKeeperState> States { get; } = new();

    public static ClientScope Start(params string[] servers) => Start(_ => { }, servers);

    public static ClientScope Start(Action<ZooKeeperOptions> configure, params string[] servers)
    {
        var options = ZooKeeperOptions.Parse(string.Join(',', servers));
        options.SessionTimeout = SessionTimeout;
        options.OperationTimeout = TimeSpan.FromSeconds(20);
        configure(options);
        return new ClientScope(options);
    }

    /// <summary>It must work, and not be unknown.</summary>
    public async Task<string> CreateAsync(string path, CreateMode mode = CreateMode.Persistent)
    {
        var made = await Client.CreateAsync(path, "data"u8.ToArray(), mode);
        return made.IsOk ? made.Value.Path : throw new InvalidOperationException($"{path}: {made.Code}");
    }

    public Task StateAsync(ZooKeeperState state) =>
        Condition.HoldsAsync(() => Client.State == state, $"the client is {state}", TimeSpan.FromSeconds(60));

    public ValueTask DisposeAsync() => Client.DisposeAsync();
}
