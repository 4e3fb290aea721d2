using System.Diagnostics;
using System.Text.Json;
using ClusterSession.ChaosNode;
using ClusterSession.ChaosTests.Cluster;
using ClusterSession.ChaosTests.Load;
using ClusterSession.ChaosTests.Load.Http;
using ClusterSession.Histories;
using ClusterSession.Histories.Checking;

namespace ClusterSession.ChaosTests.Scenarios;

/// <summary>
/// One session, of which each request and each fault is recorded; the history is judged as that of
/// a load.
/// </summary>
internal sealed class SmallStory : IDisposable
{
    private readonly LoadProgram _load;
    private readonly RedisServer _redis;

    // A second device goes on with the cookie that it was given at first: it names no later commit.
    private readonly Dictionary<int, JarState> _first = [];
    private int _request;

    public SmallStory(string name, RedisServer redis, ChaosCluster nodes)
    {
        (_redis, Nodes) = (redis, nodes);
        _load = new LoadProgram(
            new LoadPlan
            {
                Name = name,
                Seed = 0,
                Nodes = nodes.Addresses,
            }
        );
        Jar = _load.Sessions.Begin();
    }

    public ChaosCluster Nodes { get; }

    /// <summary>The cookie of the session's owner.</summary>
    public CookieJar Jar { get; }

    /// <summary>The owner adds an entry.</summary>
    public Task<HistoryEvent> AppendAsync(string node) =>
        SendAsync(0, node, Jar, [Op.Append(new SelfDescribingValue(Jar.Session, 0, _request, 0).ToText())]);

    /// <summary>
    /// The owner, or somebody with a cookie of an own, reads the entries and keeps the cookie that
    /// there was.
    /// </summary>
    public Task<HistoryEvent> ListAsync(string node, int client = 0, JarState? sent = null) =>
        _load.Sender.SendAsync(
            client,
            client == 0 ? ClientKind.Sequential
                : sent is null ? ClientKind.Device
                : ClientKind.Thief,
            _request++,
            sent ?? First(client),
            null,
            At(node),
            [Op.List()]
        );

    public Task<HistoryEvent> SendAsync(int client, string node, CookieJar jar, IReadOnlyList<Op> ops) =>
        _load.Sender.SendAsync(client, ClientKind.Sequential, _request++, jar.State, jar, At(node), ops);

    /// <summary>Sessions of 100,000 characters each, whose clients never come again.</summary>
    public async Task FillAsync(string node, int sessions)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(
            new[] { Op.Set("large", new string('x', 100_000)) },
            NodeAnswer.Json
        );
        using var pool = new PlainHttpPool(At(node).EndPoint);
        using var limit = new CancellationTokenSource(_load.Plan.Timeout * sessions);
        for (var i = 0; i < sessions; i++)
        {
            await pool.SendAsync("POST", "/ops", null, body, limit.Token);
        }
    }

    public async Task FaultAsync(string kind, FaultEffect effect, Func<RedisServer, Task> cause)
    {
        var fault = _load.Recorder.BeginFault(kind, _redis.Endpoint, FaultLayer.Store, effect: effect);
        await cause(_redis);
        fault.Confirm();
        fault.Heal();
    }

    public async Task DeleteSessionsAsync(RedisServer redis)
    {
        var keys = (await redis.CommandAsync("KEYS", "cs*:1:{*")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (await redis.CommandAsync(["DEL", .. keys]) == "0")
        {
            throw new InvalidOperationException("There was no session to delete.");
        }
    }

    /// <summary>
    /// One request after the other for that long: its length is the point of the scenario.
    /// </summary>
    public async Task RepeatAsync(TimeSpan time, Func<Task> request)
    {
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < time; )
        {
            await request();
            await Task.Delay(20);
        }
    }

    public async Task<Verdict> JudgeAsync(CheckOptions options)
    {
        await _load.ReadEverythingAsync();
        return new HistoryChecker(options).Check(_load.Recorder.ToHistory());
    }

    public void Dispose() => _load.Dispose();

    private JarState First(int client)
    {
        if (client == 0)
        {
            return Jar.State;
        }

        if (!_first.TryGetValue(client, out var first))
        {
            _first.Add(client, first = Jar.State);
        }

        return first;
    }

    private NodeAddress At(string node) => _load.Plan.Nodes.Single(address => address.Name == node);
}
