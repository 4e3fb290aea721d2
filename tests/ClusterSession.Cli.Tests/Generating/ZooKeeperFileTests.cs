using System.Net.Sockets;
using System.Text;
using Xunit;

namespace ClusterSession.Cli.Tests.Generating;

/// <summary>The ensemble of a site, started as its units start it.</summary>
public sealed class ZooKeeperFileTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Three_servers_started_from_the_generated_files_elect_a_leader()
    {
        await using var site = await LoopbackSite.GenerateAsync("zookeeper");
        foreach (var server in LoopbackSite.ZooKeepers)
        {
            await StartAsync(site, server);
        }

        string[] modes = [];
        await Condition.HoldsAsync(
            async () =>
            {
                modes = await Task.WhenAll(LoopbackSite.ZooKeepers.Select(server => ModeAsync(site, server)));
                return !modes.Contains("");
            },
            "each server serves",
            Patience
        );
        Assert.Equal(["follower", "follower", "leader"], modes.Order());
    }

    /// <summary>By the commands of its unit: its number is written first.</summary>
    private static async Task StartAsync(LoopbackSite site, string server)
    {
        var unit = (await site.ReadAsync($"systemd/{server}.service"))
            .Replace("\\\n", " ", StringComparison.Ordinal)
            .Split('\n');
        var number = Line("ExecStartPre=/bin/sh -c ");
        await site.CheckedAsync("sh", "-c", number.Trim('\''));
        var words = Line("ExecStart=").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        await site.StartAsync(server, words[0], words[1..]);

        string Line(string key) =>
            unit.Single(line => line.StartsWith(key, StringComparison.Ordinal))[key.Length..].Trim();
    }

    /// <summary>"leader" or "follower"; empty: it does not serve.</summary>
    private static async Task<string> ModeAsync(LoopbackSite site, string server)
    {
        const string Mode = "Mode: ";
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync("127.0.0.1", site.Ports[server], patience.Token);
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes("srvr"), patience.Token);
            using var reader = new StreamReader(client.GetStream());
            var answer = await reader.ReadToEndAsync(patience.Token);
            return
                answer.Split('\n').FirstOrDefault(line => line.StartsWith(Mode, StringComparison.Ordinal)) is { } line
                ? line[Mode.Length..].Trim()
                : "";
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException)
        {
            return "";
        }
    }
}
