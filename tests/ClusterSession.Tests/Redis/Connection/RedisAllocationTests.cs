using System.Globalization;
using ClusterSession.Redis.Connection;
using Xunit;

namespace ClusterSession.Tests.Redis.Connection;

/// <summary>
/// The allocations of the whole process are counted, so nothing else may run meanwhile.
/// </summary>
[CollectionDefinition(nameof(RedisAllocationTests), DisableParallelization = true)]
[Collection(nameof(RedisAllocationTests))]
public sealed class RedisAllocationTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    public async Task The_steady_path_allocates_nothing_per_command(int callers)
    {
        const int Commands = 40_000;
        // The far end is a thread that answers every 14 bytes, the length of a PING, and allocates
        // nothing.
        using var far = new PongListener();
        var options = ScriptedConnection.Options(far.Port);
        await using var connection = new RedisConnection(
            await far.ConnectAsync(),
            options.Endpoints[0],
            options,
            TimeProvider.System,
            null
        );
        connection.Start();
        await CallAsync(2000);

        // What the process does besides (timers, compiling) comes and goes; what a command
        // allocates is there in every round.
        var perCommand = double.MaxValue;
        for (var round = 0; round < 5 && perCommand >= 4; round++)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            await CallAsync(Commands);
            perCommand = Math.Min(perCommand, (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)Commands);
        }

        // The smallest object takes 24 bytes. What the callers' own tasks take is spread over all
        // commands.
        Assert.True(
            perCommand < 4,
            string.Create(CultureInfo.InvariantCulture, $"{perCommand:0.00} bytes per command")
        );

        Task CallAsync(int commands) =>
            Task.WhenAll(
                Enumerable
                    .Range(0, callers)
                    .Select(_ =>
                        Task.Run(async () =>
                        {
                            var request = new PingRequest();
                            for (var i = 0; i < commands / callers; i++)
                            {
                                await connection.SendAsync(request);
                            }
                        })
                    )
            );
    }
}
