using ClusterSession.Redis;
using ClusterSession.TestKit.Conformance;
using ClusterSession.TestKit.Logging;
using ClusterSession.TestKit.Redis;
using ClusterSession.TestKit.Time;
using Microsoft.Extensions.Logging;
using Xunit;

namespace ClusterSession.Tests.Redis.Store;

/// <summary>What the store makes of what a server shows of itself, and logs of it.</summary>
public sealed class ServerBeliefTests : IAsyncLifetime
{
    private const int MaxTooEarly = 10;
    private const string RunId = "run_id:1111111111111111111111111111111111111111\r\n";
    private const string History = "master_replid:2222222222222222222222222222222222222222\r\n";

    private readonly ManualTimeProvider _time = new();
    private readonly CapturedLogs _logs = new();
    private readonly ScriptedRedisServer _server = new();
    private RedisSessionStore _store = null!;

    public ValueTask InitializeAsync()
    {
        _server.OnCommand = Answer;
        var options = RedisOptions.Parse($"127.0.0.1:{_server.Port},cluster=false");
        options.CommandTimeout = options.ConnectTimeout = options.HeartbeatTimeout = TimeSpan.FromMinutes(5);
        options.HeartbeatInterval = TimeSpan.FromMinutes(4);
        _store = new RedisSessionStore(
            options,
            "cs",
            TimeSpan.FromHours(1),
            _time,
            new Random(7),
            new LoggerFactory([_logs]).CreateLogger<RedisSessionStore>()
        );
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Server_that_pushes_ahead_of_its_answers_ten_times_is_not_believed_and_the_log_says_why()
    {
        var attempts = PushEarly(int.MaxValue);
        await _store.StartAsync(new RecordingObserver(), default);
        await DriveAsync(() => _logs.Count("Untracked") == 1, "it is given up");

        Assert.Equal(MaxTooEarly, attempts());
        Assert.True(Assert.Single(_store.Partitions).IsRevalidated);
        Assert.Contains(
            "pushes what it tracks before it has changed",
            Assert.Single(_logs.All, static log => log.Event.Name == "Untracked").Text,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Server_that_has_dropped_what_it_tracks_a_few_times_is_tried_until_it_keeps_it()
    {
        var attempts = PushEarly(MaxTooEarly - 1);
        await _store.StartAsync(new RecordingObserver(), default);
        await DriveAsync(() => attempts() == MaxTooEarly && !_store.Partitions[0].IsRevalidated, "it is proved");
        Assert.Equal(0, _logs.Count("Untracked"));
    }

    [Theory]
    [InlineData("", History, 1)]
    [InlineData(RunId, "", 1)]
    [InlineData(RunId, "master_replid:0000000000000000000000000000000000000000\r\n", 1)]
    [InlineData(RunId, History, 0)]
    public async Task Server_whose_INFO_does_not_tell_which_one_it_is_is_named_once(
        string server,
        string replication,
        int named
    )
    {
        _server.Handshake = command =>
            (command[0], command.ElementAtOrDefault(1)) switch
            {
                ("INFO", "server") => ScriptedRedisServer.Bulk("# Server\r\nredis_version:7.0.15\r\n" + server),
                ("INFO", "replication") => ScriptedRedisServer.Bulk("# Replication\r\nrole:master\r\n" + replication),
                _ => ScriptedRedisServer.DefaultHandshake(command),
            };
        await _store.StartAsync(new RecordingObserver(), default);
        await DriveAsync(
            () => _logs.Count("Connected") == 1 && _logs.Count("Unidentified") == named,
            "it is connected"
        );

        _server.DropConnections();

        await DriveAsync(() => _logs.Count("Connected") == 2, "it is connected again");
        Assert.Equal(named, _logs.Count("Unidentified"));
        Assert.DoesNotContain(_logs.All, static log => log.Text.Contains("refuses INFO", StringComparison.Ordinal));
    }

    /// <summary>
    /// The first so many writes of the probe are pushed ahead of their answers, the others behind
    /// them. Counts them.
    /// </summary>
    private Func<int> PushEarly(int times)
    {
        var attempts = 0;
        _server.OnCommand = command =>
        {
            if (command[0] != "EVAL" || !command[3].Contains(":probe:", StringComparison.Ordinal))
            {
                return Answer(command);
            }

            if (command.Length == 4)
            {
                return "_\r\n";
            }

            var push = $">2\r\n$10\r\ninvalidate\r\n*1\r\n{ScriptedRedisServer.Bulk(command[3])}";
            return Interlocked.Increment(ref attempts) <= times ? push + ":1\r\n" : ":1\r\n" + push;
        };
        return () => Volatile.Read(ref attempts);
    }

    private static string Answer(string[] command) => command[0] == "PING" ? "+PONG\r\n" : "-ERR unknown command\r\n";

    private Task DriveAsync(Func<bool> holds, string what) =>
        Condition.HoldsAsync(
            () =>
            {
                _time.Advance(TimeSpan.FromMilliseconds(100));
                return holds();
            },
            what
        );
}
