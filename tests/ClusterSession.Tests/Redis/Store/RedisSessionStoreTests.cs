using ClusterSession.Records;
using ClusterSession.Redis;
using ClusterSession.Stores;
using ClusterSession.TestKit.Conformance;
using ClusterSession.TestKit.Redis;
using ClusterSession.TestKit.Sessions;
using ClusterSession.TestKit.Time;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace ClusterSession.Tests.Redis.Store;

public sealed class RedisSessionStoreTests
{
    [Fact]
    public async Task What_an_operation_has_waited_for_a_connection_belongs_to_its_time()
    {
        var (time, limit) = (new ManualTimeProvider(), TimeSpan.FromMinutes(1));
        var isAsked = false;
        await using var server = new ScriptedRedisServer();
        server.OnCommand = command =>
        {
            isAsked |= command[0] == "EVALSHA";
            return isAsked ? null
                : command[0] == "PING" ? "+PONG\r\n"
                : "-ERR unknown command\r\n";
        };
        var options = RedisOptions.Parse($"127.0.0.1:{server.Port},cluster=false");
        (options.CommandTimeout, options.ConnectTimeout, options.HeartbeatInterval, options.HeartbeatTimeout) = (
            limit,
            TimeSpan.FromMinutes(5),
            TimeSpan.FromMinutes(4),
            TimeSpan.FromMinutes(5)
        );
        await using var store = new RedisSessionStore(
            options,
            "cs",
            TimeSpan.FromSeconds(1),
            time,
            new Random(7),
            NullLogger<RedisSessionStore>.Instance
        );

        var reading = store.ReadAsync(SessionKeys.New(), SessionVersion.None, default).AsTask();
        time.Advance(limit * 0.8);
        await store.StartAsync(new RecordingObserver(), default); // Begins to connect.
        await Condition.HoldsAsync(() => isAsked, "the server has been asked");
        var sent = time.GetTimestamp();
        // The server may have the command before its sender counts what is left.
        var read = await time.DriveAsync(reading);

        Assert.Equal(StoreFailure.Unknown, read.Failure);
        Assert.InRange(time.GetElapsedTime(sent), TimeSpan.Zero, limit * 0.25);
    }
}
