using ClusterSession.Cli.Generating;
using ClusterSession.Cli.Shell;
using ClusterSession.Cli.Tests.Sites;
using Xunit;

namespace ClusterSession.Cli.Tests.Generating;

/// <summary>Each program takes its generated file as it is.</summary>
public sealed class ProgramTests
{
    private static readonly (string, string) Application = (
        "cluster-session",
        LoopbackSite.Secrets.ApplicationPassword
    );

    [Fact]
    public async Task Nginx_takes_it()
    {
        await using var site = await LoopbackSite.GenerateAsync("haproxy");
        var main = site.File("nginx/nginx.conf");
        string[] check = ["-t", "-e", "stderr", "-c", main];
        Assert.Contains("test is successful", await site.CheckedAsync("nginx", check), StringComparison.Ordinal);

        var other = await site.ReadAsync("nginx/nginx.conf");
        await File.WriteAllTextAsync(
            main,
            other.Replace("/application.conf;", "/application-without-affinity.conf;", StringComparison.Ordinal)
        );
        Assert.Contains("test is successful", await site.CheckedAsync("nginx", check), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("redis.cfg")]
    [InlineData("replication.cfg")]
    [InlineData("http.cfg")]
    public async Task Haproxy_takes_it(string file)
    {
        await using var site = await LoopbackSite.GenerateAsync("haproxy");
        await site.CheckedAsync("haproxy", "-c", "-f", site.File($"haproxy/{file}"));
    }

    [Fact]
    public async Task Haproxy_takes_what_checks_agents_over_tls()
    {
        using var certificates = new TestCertificates();
        await using var site = await LoopbackSite.GenerateAsync("haproxy", certificates);
        await site.CheckedAsync("haproxy", "-c", "-f", site.File("haproxy/redis.cfg"));
        Assert.Contains("check-ssl", await site.ReadAsync("haproxy/redis.cfg"), StringComparison.Ordinal);
    }

    [KeepalivedTheory]
    [InlineData("redis-1", "keepalived")]
    [InlineData("redis-2", "keepalived")]
    [InlineData("redis-1", "keepalived-alone")]
    [InlineData("redis-2", "keepalived-alone")]
    public async Task Keepalived_takes_it(string host, string example) =>
        Assert.Equal((0, ""), await KeepalivedAsync(host, text => text, example));

    [KeepalivedTheory]
    [InlineData("track_file {", "track_fiel {", "track_fiel")]
    [InlineData("unicast_peer {", "unicast_peers {", "unicast_peers")]
    [InlineData("        alive", "        awake", "awake")]
    public async Task Keepalived_refuses_a_misspelt_line(string right, string wrong, string named)
    {
        var (code, output) = await KeepalivedAsync(host: "redis-1", text =>
            text.Replace(right, wrong, StringComparison.Ordinal)
        );
        Assert.NotEqual(0, code);
        Assert.Contains(named, output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Redis_starts_closed_with_it(bool hasTls)
    {
        using var certificates = hasTls ? new TestCertificates() : null;
        await using var site = await LoopbackSite.GenerateAsync("haproxy", certificates);
        await site.StartRedisAsync("redis-1");
        Assert.Contains("NOAUTH", await site.AskAsync("redis-1", null, "PING"), StringComparison.Ordinal);
        Assert.Contains("WRONGPASS", await site.AskAsync("redis-1", Application, "PING"), StringComparison.Ordinal);
        var agent = ("cluster-session-agent", LoopbackSite.Secrets.AgentPassword);
        Assert.Contains(
            "role:slave",
            await site.AskAsync("redis-1", agent, "INFO", "replication"),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "noeviction",
            await site.AskAsync("redis-1", agent, "CONFIG", "GET", "maxmemory-policy"),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Redis_behind_sentinel_keeps_what_scripts_wrote_over_a_restart()
    {
        await using var site = await LoopbackSite.GenerateAsync("sentinel");
        await site.StartRedisAsync("redis-1");
        await site.StartRedisAsync("redis-2");
        await Condition.HoldsAsync(
            async () =>
                (await site.AskAsync("redis-1", Application, "EVAL", Write, "1", "shop:key")).Contains(
                    "OK",
                    StringComparison.Ordinal
                ),
            "the master has a replica, and takes a write"
        );

        await site.KillAsync("redis-1");
        await site.StartRedisAsync("redis-1");

        Assert.Contains(
            "1",
            await site.AskAsync("redis-1", Application, "HGET", "shop:key", "a"),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Sentinels_find_each_other_and_the_replicas(bool hasTls)
    {
        using var certificates = hasTls ? new TestCertificates() : null;
        await using var site = await LoopbackSite.GenerateAsync("sentinel", certificates);
        string[] servers = ["redis-1", "redis-2", "slave1", "slave2"];
        string[] sentinels = ["sentinel-1", "sentinel-2", "sentinel-3"];
        foreach (var server in servers)
        {
            await site.StartRedisAsync(server);
        }

        foreach (var sentinel in sentinels)
        {
            await site.StartRedisAsync(sentinel, "redis-sentinel");
        }

        var login = ("default", LoopbackSite.Secrets.Cluster);
        await Condition.HoldsAsync(
            async () =>
                await site.AskAsync("sentinel-1", login, "SENTINEL", "MASTER", "shop") is var known
                && known.Contains("flags\nmaster\n", StringComparison.Ordinal)
                && known.Contains("num-slaves\n3\n", StringComparison.Ordinal)
                && known.Contains("num-other-sentinels\n2\n", StringComparison.Ordinal),
            "Sentinel has logged in at the master, and knows three replicas and two others",
            TimeSpan.FromSeconds(60)
        );
        await Condition.HoldsAsync(
            async () =>
                (await ToolRun.RunAsync("sentinel", "status", "--config", site.File("agents/redis-2.json"))).ExitCode
                == ExitCode.Done,
            "by the settings of a host all is well",
            TimeSpan.FromSeconds(60)
        );
        if (!hasTls)
        {
            await site.StartAsync(
                "redis-1-watcher",
                "dotnet",
                ["exec", ToolSite.Program, "sentinel", "watch", "--config", site.File("agents/redis-1.json")]
            );
            using var client = new HttpClient();
            var primary = new Uri($"http://127.0.0.1:{site.Port("redis-1-agent")}/primary");
            await Condition.HoldsAsync(
                async () => await IsOkAsync(client, primary),
                "the watcher says that its Redis is the primary"
            );
        }
    }

    private static async Task<bool> IsOkAsync(HttpClient client, Uri address)
    {
        try
        {
            using var response = await client.GetAsync(address);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false; // It does not listen yet.
        }
    }

    [LongFact]
    public async Task Merge_before_a_start_takes_its_generated_settings_over_tls()
    {
        using var certificates = new TestCertificates();
        await using var site = await LoopbackSite.GenerateAsync("sentinel", certificates);
        foreach (var server in (string[])["redis-1", "redis-2", "slave1", "slave2"])
        {
            await site.StartRedisAsync(server);
        }

        foreach (var sentinel in (string[])["sentinel-1", "sentinel-2", "sentinel-3"])
        {
            await site.StartRedisAsync(sentinel, "redis-sentinel");
        }

        var login = ("default", LoopbackSite.Secrets.Cluster);
        await SentinelSaysAsync("MASTER", "num-slaves\n3\n", "num-other-sentinels\n2\n");
        // The unit copies it before it gives the command.
        File.Copy(site.File("redis/redis-1.conf"), site.File("data/redis-1/redis-1.conf"));
        await site.KillAsync("redis-1");
        await SentinelSaysAsync("GET-MASTER-ADDR-BY-NAME", $"\n{site.Port("redis-2")}\n");

        var run = await ToolRun.RunAsync("sentinel", "merge", "--config", site.File("agents/redis-1.json"));

        Assert.True(run.ExitCode == ExitCode.Done, run.Error);
        Assert.Contains($"into 127.0.0.1:{site.Port("redis-2")} in", run.Output, StringComparison.Ordinal);
        Assert.NotEmpty(Directory.GetFiles(site.File("data/redis-1"), "set-aside-*.rdb"));

        Task SentinelSaysAsync(string question, params string[] said) =>
            Condition.HoldsAsync(
                async () =>
                    await site.AskAsync("sentinel-1", login, "SENTINEL", question, "shop") is var answer
                    && said.All(part => answer.Contains(part, StringComparison.Ordinal)),
                $"Sentinel answers {question} as expected",
                TimeSpan.FromSeconds(60)
            );
    }

    [Fact]
    public async Task Node_is_taken_out_of_nginx_and_put_back_by_the_script()
    {
        await using var site = await LoopbackSite.GenerateAsync("haproxy");
        await site.StartNginxAsync();
        var before = await site.ReadAsync("nginx/application.conf");
        var line = $"server 127.0.0.1:{site.Port("web-1")} max_fails=1 fail_timeout=2s";

        await site.CheckedAsync("sh", site.File("nginx/drain.sh"), "web-1");
        Assert.Contains($"{line} down;", await site.ReadAsync("nginx/application.conf"), StringComparison.Ordinal);

        await site.CheckedAsync("sh", site.File("nginx/drain.sh"), "web-1", "back");
        Assert.Equal(before, await site.ReadAsync("nginx/application.conf"));
        Assert.Equal(2, (await site.RunAsync("sh", site.File("nginx/drain.sh"), "web-9")).Code);
    }

    /// <summary>The example's file, on an interface of this machine.</summary>
    private static async Task<(int Code, string Output)> KeepalivedAsync(
        string host,
        Func<string, string> change,
        string example = "keepalived"
    )
    {
        using var directory = new TemporaryDirectory();
        var text = ExampleTests
            .Description(example)
            .Replace("interface: eth0", $"interface: {KeepalivedTheoryAttribute.Interface}", StringComparison.Ordinal);
        var site = SiteReader.Read("cluster.yaml", text, loopback: null);
        var generated = SiteFiles.Of(site, LoopbackSite.Secrets).Single(one => one.Path == $"keepalived/{host}.conf");
        var file = directory.File("keepalived.conf");
        await File.WriteAllTextAsync(file, change(generated.Text));
        await using var process = await ServerProcess.StartAsync("keepalived", ["-t", "-f", file], directory.Path);
        await Condition.HoldsAsync(() => process.HasExited, "keepalived has ended");
        return (process.ExitCode, process.Output);
    }

    private const string Write =
        "redis.call('HSET', KEYS[1], 'a', '1') redis.call('HSET', KEYS[1], 'b', '2') return 'OK'";
}
