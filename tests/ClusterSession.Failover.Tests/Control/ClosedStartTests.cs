using ClusterSession.Failover.Control;
using ClusterSession.Redis.Connection.Fencing;
using Xunit;

namespace ClusterSession.Failover.Tests.Control;

/// <summary>What a Redis that was started closed does, and does not.</summary>
public sealed class ClosedStartTests
{
    [Fact]
    public async Task Redis_that_starts_refuses_the_application_and_who_has_no_name_and_takes_no_writes()
    {
        await using var redis = await ClosedRedis.StartAsync();
        var (client, answer) = await redis.LogInAsync();
        using (client)
        {
            Assert.StartsWith("-WRONGPASS", answer, StringComparison.Ordinal);
            Assert.StartsWith("-NOAUTH", await client.CommandAsync("GET", "a"), StringComparison.Ordinal);
        }

        Assert.StartsWith("-READONLY", await redis.AskAsync("SET", "a", "b"), StringComparison.Ordinal);
        var sight = await redis.SeenAsync();
        Assert.False(sight.IsMaster || sight.AdmitsClients || sight.IsLinkUp || sight.HasOwnRecord);
        Assert.True(sight.IsEmpty);
        Assert.Null(sight.Follows);
        Assert.Empty(sight.Admits);
        Assert.Equal(LeaseRecord.RunIdLength, sight.RunId.Length);
    }

    [Fact]
    public async Task Open_master_that_is_started_again_is_closed_and_has_its_data()
    {
        await using var redis = await ClosedRedis.StartAsync(appendOnly: true);
        var tenure = await redis.OpenAsync(epoch: 3);
        Assert.Equal("OK", await redis.CommitAsync(tenure, "kept"));
        await redis.Server.Kill9Async();
        await redis.Server.StartAgainAsync();
        var sight = await redis.SeenAsync();
        Assert.NotEqual(tenure.RunId, sight.RunId);
        Assert.Equal((false, false, false, 3L), (sight.IsMaster, sight.AdmitsClients, sight.IsEmpty, sight.DataEpoch));
        Assert.Equal(tenure, sight.Record); // It lives on, and opens nothing.
        Assert.False(sight.HasOwnRecord);
        Assert.Empty(sight.Admits);
        Assert.StartsWith("-WRONGPASS", await redis.CommitAsync(tenure, "lost"), StringComparison.Ordinal);
        Assert.Equal("kept", await redis.ValueAsync());
    }

    [Fact]
    public async Task Arguments_start_it_as_the_lines_do_and_show_no_password()
    {
        using var directory = new TemporaryDirectory();
        var port = FreePort.Next();
        string[] own = ["--port", $"{port}", "--bind", "127.0.0.1", "--save", "", "--requirepass", "of the site"];
        await using var process = await ServerProcess.StartAsync(
            "redis-server",
            [.. own, .. ClosedRedis.Start.Arguments()],
            directory.Path
        );
        RawRedisClient? client = null;
        await process.ReadyAsync(async () =>
        {
            client = await RawRedisClient.ConnectAsync(port, null, TimeSpan.FromSeconds(10));
            return true;
        });
        using (client)
        {
            Assert.StartsWith(
                "-WRONGPASS",
                await client!.CommandAsync("AUTH", "of the site"),
                StringComparison.Ordinal
            );
            Assert.Equal("OK", await client.CommandAsync("AUTH", "agent", ClosedRedis.AgentPassword));
            var users = await client.CommandAsync("ACL", "LIST");
            Assert.Contains("user default off", users, StringComparison.Ordinal);
            Assert.Contains("user shop off ", users, StringComparison.Ordinal);
            Assert.StartsWith(
                $"slave\n{Nobody.Host}\n{Nobody.Port}\n",
                await client.CommandAsync("ROLE"),
                StringComparison.Ordinal
            );
            Assert.Equal("repl-backlog-ttl\n0", await client.CommandAsync("CONFIG", "GET", "repl-backlog-ttl"));
            Assert.Equal("masteruser\n", await client.CommandAsync("CONFIG", "GET", "masteruser"));
        }

        var line = string.Join(' ', ClosedRedis.Start.Arguments());
        Assert.DoesNotContain(ClosedRedis.AgentPassword, line, StringComparison.Ordinal);
        Assert.DoesNotContain(ClosedRedis.Start.ApplicationPassword, line, StringComparison.Ordinal);
    }

    [Fact]
    public void Application_has_the_rights_that_the_page_recommends()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory!.FullName, "SECURITY.md")))
        {
            directory = directory.Parent;
        }

        var page = File.ReadAllLines(Path.Combine(directory.FullName, "SECURITY.md"));
        var command = string.Join(
            ' ',
            page.SkipWhile(line => !line.StartsWith("ACL SETUSER", StringComparison.Ordinal))
                .TakeWhile((line, i) => i == 0 || line.StartsWith(' '))
        );
        var words = command.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(words.SkipWhile(word => word != "-@all"), ClosedStart.ApplicationRights);
        var application = ClosedRedis.Start.Directives().Single(line => line[1] == ClosedRedis.Start.ApplicationUser);
        Assert.Contains("~cs.shop:*", application);
        Assert.Contains("&cs.shop:*", application);
    }
}
