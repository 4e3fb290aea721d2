using ClusterSession.Cli.Generating;
using ClusterSession.Cli.Shell;
using Xunit;

namespace ClusterSession.Cli.Tests.Generating;

public sealed class DescriptionTests
{
    [Theory]
    [InlineData("cluster: shop", "cluster: 'a shop'", "cluster.yaml, line 4: cluster is 'a shop'.", "1 to 64 letters")]
    [InlineData("cluster: shop\n", "", "cluster.yaml, line 4: cluster is missing.", "1 to 64 letters")]
    [InlineData(
        "switch: haproxy",
        "switch: etcd",
        "cluster.yaml, line 6: switch is 'etcd'.",
        "haproxy, keepalived, keepalived-alone or sentinel"
    )]
    [InlineData("  httpPort: 8080", "  httpPort: many", "line 12: application.httpPort is 'many'.", "1 to 65535")]
    [InlineData("  httpPort: 8080", "  httpProt: 80", "line 12: application.httpProt is no setting.", "httpPort")]
    [InlineData(
        "host: 10.0.0.11",
        "host: 'http://10.0.0.11'",
        "redis.candidates[0].host is 'http://10.0.0.11'.",
        "without port"
    )]
    [InlineData("maxMemory: 4gb", "maxMemory: 4", "redis.maxMemory is '4'.", "4gb")]
    [InlineData(
        "name: redis-2, host: 10.0.0.12",
        "name: redis-1, host: 10.0.0.12",
        "has 'redis-1' twice.",
        "name of its own"
    )]
    [InlineData(
        "name: redis-2, host: 10.0.0.12, port: 6402",
        "name: redis-2, host: 10.0.0.11, port: 6401",
        "two processes at 10.0.0.11:6401.",
        "another port"
    )]
    [InlineData("voter: { host: 10.0.0.31, port: 7403 }", "", "voter is missing.", "third host")]
    [InlineData(
        "voter: { host: 10.0.0.31",
        "voter: { host: 10.0.0.11",
        "voter is on 10.0.0.11, as redis-1 is.",
        "two votes"
    )]
    [InlineData("port: 6403 }", "port: 6403, agentPort: 7404 }", "voter is one vote too many.", "need none")]
    [InlineData(
        "port: 6403 }",
        "port: 6403, agentPort: 7404, followerPort: 7405 }",
        "agentPort and followerPort at slave1.",
        "a follower has none"
    )]
    [InlineData("agentPort: 7401 }", "followerPort: 7401 }", "followerPort is no setting.", "agentPort")]
    [InlineData("  maxMemory: 4gb\n", "", "redis.maxMemory is missing.", "512mb")]
    [InlineData("switch: haproxy", "switch: haproxy\ntls: { ca: ca.crt }", "tls.ca is 'ca.crt'.", "full path")]
    [InlineData("switch: haproxy", "switch: haproxy\nswitch: sentinel", "this is no YAML", "docs/deployment.md")]
    [InlineData(
        "voter: { host: 10.0.0.31, port: 7403 }",
        "voter: 10.0.0.31",
        "voter is '10.0.0.31'.",
        "keys and values"
    )]
    [InlineData("switch: haproxy", "switch: sentinel", "voter does not go with Sentinel", "Leave it out")]
    [InlineData("redis:", "redis: [", "this is no YAML", "docs/deployment.md")]
    [InlineData(
        "    - { name: redis-2, host: 10.0.0.12, port: 6402, agentPort: 7402 }\n",
        "",
        "redis.candidates names 1 servers.",
        "takes over"
    )]
    public void What_is_wrong_is_said_with_line_key_value_and_remedy(
        string right,
        string wrong,
        string reason,
        string remedy
    )
    {
        var text = ExampleTests.Description("agents");
        Assert.Contains(right, text, StringComparison.Ordinal);

        var refusal = Assert.Throws<ToolException>(() =>
            SiteReader.Read("cluster.yaml", text.Replace(right, wrong, StringComparison.Ordinal), loopback: null)
        );

        Assert.Equal(ExitCode.Usage, refusal.ExitCode);
        Assert.Contains(reason, refusal.Reason, StringComparison.Ordinal);
        Assert.Contains(remedy, refusal.Remedy, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10.0.0.10/24", "10.0.0.10", "keepalived.address is '10.0.0.10'.", "such as 10.0.0.10/24")]
    [InlineData("10.0.0.10/24", "10.0.0.11/24", "keepalived has the address of redis-1, 10.0.0.11.", "no host has")]
    [InlineData("interface: eth0", "interface: an interface", "interface is 'an interface'.", "such as eth0")]
    [InlineData("routerId: 51", "routerId: 256", "keepalived.routerId is '256'.", "1 to 255")]
    [InlineData("host: 10.0.0.12 }", "host: redis-2.example }", "has the name redis-2.example", "Write its address")]
    [InlineData("10.0.0.12 }", "10.0.0.12, port: 6380 }", "has the ports 6379 and 6380", "the same port")]
    [InlineData(
        "10.0.0.13, followerPort: 7400",
        "10.0.0.13",
        "at slave1, which would follow",
        "Give it a followerPort"
    )]
    [InlineData(
        "switch: keepalived",
        "switch: haproxy",
        "keepalived describes an address that nothing",
        "leave it out"
    )]
    public void What_is_wrong_with_an_address_that_moves_is_said(
        string right,
        string wrong,
        string reason,
        string remedy
    )
    {
        AssertRefused("keepalived", right, wrong, reason, remedy);
    }

    [Fact]
    public void Keepalived_needs_its_address_and_hosts_of_their_own()
    {
        var text = ExampleTests.Description("keepalived");
        var loopback = Assert.Throws<ToolException>(() => SiteReader.Read("cluster.yaml", text, "/trial"));
        Assert.Contains("moves an address between hosts", loopback.Reason, StringComparison.Ordinal);

        var missing = Assert.Throws<ToolException>(() =>
            SiteReader.Read(
                "cluster.yaml",
                ExampleTests
                    .Description("agents")
                    .Replace("switch: haproxy", "switch: keepalived", StringComparison.Ordinal),
                loopback: null
            )
        );
        Assert.Contains("keepalived is missing.", missing.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Nodes_use_the_address_that_moves_and_no_haproxy()
    {
        var site = SiteReader.Read("cluster.yaml", ExampleTests.Description("keepalived"), loopback: null);
        var files = SiteFiles.Of(site, SiteSecrets.New()).ToDictionary(file => file.Path, file => file.Text);

        Assert.Contains(
            "\"Redis\": \"10.0.0.10:6379,fence=lease,",
            files["application/appsettings.json"],
            StringComparison.Ordinal
        );
        Assert.DoesNotContain("haproxy/redis.cfg", files.Keys);
        Assert.Contains("bind 10.0.0.11 127.0.0.1 10.0.0.10\n", files["redis/redis-1.conf"], StringComparison.Ordinal);
        Assert.DoesNotContain("10.0.0.10", files["redis/slave1.conf"], StringComparison.Ordinal);
        const string Track = "/run/cluster-session/redis-1/lease";
        Assert.Contains($"\"TrackFile\": \"{Track}\"", files["agents/redis-1.json"], StringComparison.Ordinal);
        Assert.Contains($"file {Track}\n", files["keepalived/redis-1.conf"], StringComparison.Ordinal);
        Assert.DoesNotContain("TrackFile", files["agents/slave1.json"], StringComparison.Ordinal);
        Assert.Contains("    systemd/redis-2-keepalived.service\n", files["hosts.txt"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(
        "cluster: shop",
        "cluster: shop\nvoter: { host: 10.0.0.31 }",
        "voter does not go with",
        "agents decide"
    )]
    [InlineData(
        "maxMemory: 4gb",
        "maxMemory: 4gb\n  replicas:\n    - { name: a, host: 10.0.0.13 }",
        "beyond the two",
        "a follower"
    )]
    [InlineData(
        "    - { name: redis-2, host: 10.0.0.12 }",
        "    - { name: redis-2, host: 10.0.0.12 }\n    - { name: redis-3, host: 10.0.0.13 }",
        "names 3 servers",
        "Name two"
    )]
    [InlineData("switch: keepalived-alone", "switch: sentinel", "sentinels names 0", "three or more")]
    public void What_is_wrong_where_keepalived_alone_decides_is_said(
        string right,
        string wrong,
        string reason,
        string remedy
    )
    {
        AssertRefused("keepalived-alone", right, wrong, reason, remedy);
    }

    [Fact]
    public void Where_keepalived_alone_decides_there_is_no_agent_and_no_vote()
    {
        var site = SiteReader.Read("cluster.yaml", ExampleTests.Description("keepalived-alone"), loopback: null);
        var files = SiteFiles.Of(site, SiteSecrets.New()).ToDictionary(file => file.Path, file => file.Text);

        Assert.DoesNotContain("systemd/redis-1-agent.service", files.Keys);
        Assert.DoesNotContain("Agent\":", files["agents/redis-1.json"], StringComparison.Ordinal);
        Assert.DoesNotContain("track_file", files["keepalived/redis-1.conf"], StringComparison.Ordinal);
        foreach (var state in new[] { "master", "backup", "fault", "stop" })
        {
            Assert.Contains(
                $"notify_{state} \"/bin/sh /etc/cluster-session/keepalived/redis-1-notify.sh {state}\"",
                files["keepalived/redis-1.conf"],
                StringComparison.Ordinal
            );
        }
    }

    [Fact]
    public void Replica_with_a_follower_gets_its_settings_and_its_unit_and_starts_closed()
    {
        var text = ExampleTests
            .Description("agents")
            .Replace("port: 6403 }", "port: 6403, followerPort: 7404 }", StringComparison.Ordinal)
            .Replace("port: 6404 }", "port: 6404, followerPort: 7405 }", StringComparison.Ordinal);
        var site = SiteReader.Read("cluster.yaml", text, loopback: null);
        var files = SiteFiles.Of(site, SiteSecrets.New()).ToDictionary(file => file.Path, file => file.Text);

        var settings = files["agents/slave1.json"];
        Assert.Contains("\"Name\": \"slave1\"", settings, StringComparison.Ordinal);
        Assert.Contains("\"RedisAddress\": \"10.0.0.13:6403\"", settings, StringComparison.Ordinal);
        Assert.Contains("\"Urls\": \"http://10.0.0.13:7404\"", settings, StringComparison.Ordinal);
        Assert.DoesNotContain("Directory", settings, StringComparison.Ordinal);
        Assert.Contains(
            "failover follower --config /etc/cluster-session/agents/slave1.json",
            files["systemd/slave1-follower.service"],
            StringComparison.Ordinal
        );
        Assert.Contains("replicaof 127.0.0.1 1\n", files["redis/slave1.conf"], StringComparison.Ordinal);
        Assert.Contains("    systemd/slave2-follower.service\n", files["hosts.txt"], StringComparison.Ordinal);
        Assert.DoesNotContain(files.Keys, path => path.Contains("replication", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Secrets_are_drawn_once_and_only_their_owner_may_read_them()
    {
        using var directory = new TemporaryDirectory();
        var description = directory.File("cluster.yaml");
        await File.WriteAllTextAsync(description, ExampleTests.Description("agents"));
        string[] command = ["config", "generate", description, "--out", directory.File("out")];

        var without = await ToolRun.RunAsync(command);
        var drawn = await ToolRun.RunAsync([.. command, "--new-secrets"]);
        var again = await ToolRun.RunAsync([.. command, "--new-secrets"]);
        var later = await ToolRun.RunAsync(command);

        Assert.Contains("--new-secrets", without.Error, StringComparison.Ordinal);
        Assert.Equal((ExitCode.Done, ExitCode.Usage, ExitCode.Done), (drawn.ExitCode, again.ExitCode, later.ExitCode));
        Assert.Contains("the site may run with what is in it", again.Error, StringComparison.Ordinal);
        string[] secrets = ["cluster-secrets.yaml", "out/redis/redis-1.conf", "out/agents/redis-1.json"];
        Assert.All(OperatingSystem.IsWindows() ? [] : secrets, secret =>
            Assert.Equal(
                UnixFileMode.UserRead | UnixFileMode.UserWrite,
                new FileInfo(directory.File(secret)).UnixFileMode
            )
        );
    }

    [Theory]
    [InlineData("short")]
    [InlineData("with a blank and long enough")]
    public async Task Secret_that_a_program_would_read_otherwise_is_refused_and_not_shown(string secret)
    {
        using var directory = new TemporaryDirectory();
        var description = directory.File("cluster.yaml");
        await File.WriteAllTextAsync(description, ExampleTests.Description("agents"));
        await File.WriteAllTextAsync(
            directory.File("cluster-secrets.yaml"),
            (SiteSecrets.New() with { Cluster = secret }).ToYaml()
        );

        var run = await ToolRun.RunAsync("config", "generate", description, "--out", directory.File("out"));

        Assert.Equal(ExitCode.Usage, run.ExitCode);
        Assert.Contains("cluster has fewer than 16 characters", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Secrets_come_from_the_environment_before_the_file()
    {
        using var directory = new TemporaryDirectory();
        var description = directory.File("cluster.yaml");
        await File.WriteAllTextAsync(
            description,
            ExampleTests.Description("agents") + "\nsecretFile: elsewhere/secrets.yaml\n"
        );
        Directory.CreateDirectory(directory.File("elsewhere"));
        await File.WriteAllTextAsync(directory.File("elsewhere/secrets.yaml"), SiteSecrets.New().ToYaml());

        var run = await ToolRun.RunAsync(
            terminal => terminal with { Environment = name => name == "CLUSTERSESSION_SECRET" ? Given : null },
            "config",
            "generate",
            description,
            "--out",
            directory.Path
        );

        Assert.Equal((ExitCode.Done, ""), (run.ExitCode, run.Error));
        Assert.Contains(
            $"\"Secret\": \"{Given}\"",
            await File.ReadAllTextAsync(directory.File("agents/redis-1.json")),
            StringComparison.Ordinal
        );
    }

    private const string Given = "SecretOfTheEnvironment";

    /// <summary>The example, with one thing that is wrong.</summary>
    [Theory]
    [InlineData(
        "switch: haproxy",
        "switch: keepalived-alone",
        "zookeeper describes servers that nobody asks",
        "Write switch: haproxy"
    )]
    [InlineData("application:", "voter: { host: 10.0.0.9 }\napplication:", "voter does not go with zookeeper", "out")]
    [InlineData(
        "    - { name: zk-3, host: 10.0.0.33, port: 2183, quorumPort: 2883, electionPort: 3883 }\n",
        "",
        "zookeeper names 2 servers.",
        "three or five"
    )]
    [InlineData("path: /shop", "path: shop/", "zookeeper.path is 'shop/'.", "such as /shop")]
    [InlineData("name: zk-2", "name: redis-1", "has 'redis-1' twice.", "name of its own")]
    [InlineData(
        "zookeeper:",
        "tls: { ca: /ca, certificate: /c, key: /k, name: redis }\nzookeeper:",
        "tls is not written for ZooKeeper",
        "by hand"
    )]
    [InlineData(
        "zookeeper:",
        "coordinator: etcd=http://e:2379\nzookeeper:",
        "coordinator does not go with",
        "one of them"
    )]
    public void What_is_wrong_with_an_ensemble_is_said(string right, string wrong, string reason, string remedy) =>
        AssertRefused("zookeeper", right, wrong, reason, remedy);

    [Theory]
    [InlineData(
        "switch: haproxy",
        "switch: sentinel",
        "coordinator describes servers that nobody asks",
        "Write switch: haproxy"
    )]
    [InlineData("application:", "voter: { host: 10.0.0.9 }\napplication:", "voter does not go with coordinator", "out")]
    [InlineData(",user=shop", ",user=shop,password=secret", "coordinator", "among the secrets")]
    [InlineData("etcd=", "consul=", "coordinator is 'consul=", "zookeeper=")]
    public void What_is_wrong_with_a_store_that_runs_already_is_said(
        string right,
        string wrong,
        string reason,
        string remedy
    ) => AssertRefused("etcd", right, wrong, reason, remedy);

    [Theory]
    [InlineData("etcd=http://10.0.0.31:2379/shop", false)]
    [InlineData("etcd=https://10.0.0.31:2379/shop,sslCaFile=/etc/ca.pem,user=shop", true)]
    [InlineData("zookeeper=10.0.0.31:2181/shop", true)]
    public void Agents_get_the_password_of_a_store_where_they_log_in(string coordinator, bool hasPassword)
    {
        var description = ExampleTests
            .Description("etcd")
            .Split('\n')
            .Select(line =>
                line.StartsWith("coordinator:", StringComparison.Ordinal) ? $"coordinator: {coordinator}" : line
            );
        var site = SiteReader.Read("cluster.yaml", string.Join('\n', description), loopback: null);
        var secrets = SiteSecrets.New();
        var files = SiteFiles.Of(site, secrets).ToDictionary(file => file.Path, file => file.Text);

        var expected = hasPassword ? $"{coordinator},password={secrets.CoordinatorPassword}" : coordinator;
        Assert.Contains($"\"Coordinator\": \"{expected}\"", files["agents/redis-1.json"], StringComparison.Ordinal);
        Assert.Contains($"\"Coordinator\": \"{coordinator}\"", files["agents/slave1.json"], StringComparison.Ordinal);
        Assert.DoesNotContain("Voter", files["agents/redis-1.json"], StringComparison.Ordinal);
        Assert.DoesNotContain("\"Directory\"", files["agents/redis-1.json"], StringComparison.Ordinal);
    }

    [Fact]
    public void Agents_that_agree_in_ZooKeeper_have_neither_voter_nor_directory()
    {
        var site = SiteReader.Read("cluster.yaml", ExampleTests.Description("zookeeper"), loopback: null);
        var files = SiteFiles.Of(site, SiteSecrets.New()).ToDictionary(file => file.Path, file => file.Text);
        var agent = files["agents/redis-1.json"];
        Assert.Contains(
            "zookeeper=10.0.0.31:2181,10.0.0.32:2182,10.0.0.33:2183/shop,password=",
            agent,
            StringComparison.Ordinal
        );
        Assert.DoesNotContain("Voter", agent, StringComparison.Ordinal);
        Assert.DoesNotContain("\"Directory\"", agent, StringComparison.Ordinal);
        Assert.Contains("server.3=10.0.0.33:2883:3883", files["zookeeper/zk-1.cfg"], StringComparison.Ordinal);
        Assert.DoesNotContain(files.Keys, path => path.Contains("voter", StringComparison.Ordinal));
    }

    private static void AssertRefused(string example, string right, string wrong, string reason, string remedy)
    {
        var text = ExampleTests.Description(example);
        Assert.Contains(right, text, StringComparison.Ordinal);

        var refusal = Assert.Throws<ToolException>(() =>
            SiteReader.Read("cluster.yaml", text.Replace(right, wrong, StringComparison.Ordinal), loopback: null)
        );

        Assert.Equal(ExitCode.Usage, refusal.ExitCode);
        Assert.Contains(reason, refusal.Reason, StringComparison.Ordinal);
        Assert.Contains(remedy, refusal.Remedy, StringComparison.Ordinal);
    }
}
