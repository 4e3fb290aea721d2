using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using ClusterSession.Cli.Shell;

namespace ClusterSession.Cli.Generating;

/// <summary>Reads the description of a site, and says what is wrong with it.</summary>
internal static partial class SiteReader
{
    internal const string DurationRule = "a duration up to a year, in quotes, as '00:20:00' or '14.00:00:00'";
    private static readonly string[] Switches = ["haproxy", "keepalived", "keepalived-alone", "sentinel"];

    internal const string NameRule = "1 to 64 letters, digits, '_' and '-'";
    private const string HostRule = "an address or a name of a host, without port";

    /// <exception cref="ToolException">Something is missing, unknown or contradictory.</exception>
    public static SiteDescription Read(string file, string text, string? loopback)
    {
        var yaml = YamlReader.Parse(file, text);
        var redis = yaml.Mapping("redis")
            ?? throw yaml.Refusal("redis", "is missing.", "Describe the servers: docs/deployment.md has an example.");
        var application = yaml.Mapping("application")
            ?? throw yaml.Refusal("application", "is missing.", "Name the nodes: docs/deployment.md has an example.");
        var (port, agentPort) = (redis.Port("port", 6379), redis.Port("agentPort", 7400));
        var nodePort = application.Port("port", 5000);
        var kind = Enum.Parse<TrafficSwitch>(
            yaml.Text("switch", Switches.Contains, "haproxy, keepalived, keepalived-alone or sentinel")
                .Replace("-", "", StringComparison.Ordinal),
            ignoreCase: true
        );
        var voter = yaml.Mapping("voter");
        var site = new SiteDescription
        {
            Cluster = yaml.Text("cluster", Name().IsMatch, NameRule),
            KeyPrefix = yaml.Text("keyPrefix", Name().IsMatch, NameRule),
            Traffic = kind,
            Virtual = Virtual(yaml.Mapping("keepalived")),
            Ensemble = Ensemble(yaml.Mapping("zookeeper"), loopback),
            Coordinator = yaml.Has(CoordinatorRules.Key)
                ? yaml.Text(CoordinatorRules.Key, CoordinatorRules.IsConnection, CoordinatorRules.Expected)
                : null,
            IdleTimeout = application.Text("idleTimeout", IsDuration, DurationRule, "00:20:00"),
            TicketLife = application.Text("ticketLife", IsDuration, DurationRule, "00:00:00"),
            CookieName = application.Text("cookie", Cookie().IsMatch, "a name of a cookie", ".ClusterSession"),
            Nodes = [.. application.List("nodes").Select(node => Process(node, nodePort, loopback))],
            HttpPort = application.Port("httpPort", 80),
            MasterPort = application.Port("masterPort", 6379),
            Candidates = [.. redis.List("candidates").Select(one => Redis(one, port, agentPort, loopback))],
            Replicas = [.. redis.List("replicas").Select(one => Redis(one, port, otherwise: null, loopback))],
            ReplicationPort = redis.Port("replicationPort", 6380),
            MaxMemory = redis.Text("maxMemory", Memory().IsMatch, "an amount such as 512mb or 4gb"),
            SessionCount = redis.Count("sessions", 1_000_000),
            Tls = Tls(yaml.Mapping("tls")),
            SecretFile = yaml.Has("secretFile")
                ? yaml.Text("secretFile", path => path.Length > 0, "a path, relative to this file")
                : null,
            Voter = voter is null ? null : Process(voter, agentPort, loopback, "voter"),
            Sentinels = [.. yaml.List("sentinels").Select(one => Process(one, 26379, loopback))],
            ConfigDirectory = yaml.Text(
                "configDirectory",
                Path.IsPathFullyQualified,
                "a full path",
                "/etc/cluster-session"
            ),
            DataDirectory = yaml.Text(
                "dataDirectory",
                Path.IsPathFullyQualified,
                "a full path",
                "/var/lib/cluster-session"
            ),
            RunDirectory = yaml.Text("runDirectory", Path.IsPathFullyQualified, "a full path", "/run/cluster-session"),
            IsLoopback = loopback is not null,
        };
        redis.End();
        application.End();
        yaml.End();
        SiteRules.Check(site, yaml, redis, application);
        return loopback is null
            ? site
            : site with
            {
                ConfigDirectory = loopback,
                DataDirectory = Path.Combine(loopback, "data"),
            };
    }

    private static SiteAddress? Virtual(YamlReader? yaml)
    {
        if (yaml is null)
        {
            return null;
        }

        var network = yaml.Text("address", IsNetwork, "an IPv4 address with its prefix, such as 10.0.0.10/24")
            .Split('/');
        var address = new SiteAddress(
            network[0],
            int.Parse(network[1], CultureInfo.InvariantCulture),
            yaml.Text("interface", Interface().IsMatch, "the name of a network interface, such as eth0"),
            int.Parse(
                yaml.Text("routerId", IsRouterId, "a number from 1 to 255 that no other address of this network has"),
                CultureInfo.InvariantCulture
            )
        );
        yaml.End();
        return address;
    }

    private static SiteEnsemble? Ensemble(YamlReader? yaml, string? loopback)
    {
        if (yaml is null)
        {
            return null;
        }

        var ensemble = new SiteEnsemble(
            [.. yaml.List("servers").Select(server => ZooKeeper(server, loopback))],
            yaml.Text("path", NodePath().IsMatch, "a path such as /shop", "/cluster-session")
        );
        yaml.End();
        return ensemble;
    }

    private static SiteZooKeeper ZooKeeper(YamlReader yaml, string? loopback)
    {
        var server = new SiteZooKeeper(
            yaml.Text("name", Name().IsMatch, NameRule),
            Host(yaml, loopback),
            yaml.Port("port", 2181),
            yaml.Port("quorumPort", 2888),
            yaml.Port("electionPort", 3888)
        );
        yaml.End();
        return server;
    }

    private static SiteTls? Tls(YamlReader? yaml)
    {
        if (yaml is null)
        {
            return null;
        }

        const string Pem = "the full path of a PEM file";
        var tls = new SiteTls(
            yaml.Text("ca", Path.IsPathFullyQualified, Pem),
            yaml.Text("certificate", Path.IsPathFullyQualified, Pem),
            yaml.Text("key", Path.IsPathFullyQualified, Pem),
            yaml.Text("name", HostName().IsMatch, "a name that the certificate of every Redis has")
        );
        yaml.End();
        return tls;
    }

    private static SiteProcess Process(YamlReader yaml, int port, string? loopback, string? name = null)
    {
        var process = new SiteProcess(
            yaml.Text("name", Name().IsMatch, NameRule, name),
            Host(yaml, loopback),
            yaml.Port("port", port)
        );
        yaml.End();
        return process;
    }

    private static SiteRedis Redis(YamlReader yaml, int port, int? otherwise, string? loopback)
    {
        var redis = new SiteRedis(
            yaml.Text("name", Name().IsMatch, NameRule),
            Host(yaml, loopback),
            yaml.Port("port", port),
            otherwise is null && !yaml.Has("agentPort") ? null : yaml.Port("agentPort", otherwise)
        )
        {
            // Of a replica only: a candidate has an agent.
            FollowerPort = otherwise is null && yaml.Has("followerPort") ? yaml.Port("followerPort") : null,
        };
        yaml.End();
        return redis;
    }

    private static string Host(YamlReader yaml, string? loopback)
    {
        var host = yaml.Text("host", HostName().IsMatch, HostRule, loopback is null ? null : "127.0.0.1");
        return loopback is null ? host : "127.0.0.1";
    }

    private static bool IsNetwork(string text) =>
        text.Split('/') is [var address, var length]
        && IPAddress.TryParse(address, out var parsed)
        && parsed.AddressFamily == AddressFamily.InterNetwork
        && parsed.ToString() == address
        && int.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out var bits)
        && bits is > 0 and <= 32;

    private static bool IsRouterId(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and < 256;

    internal static bool IsDuration(string text) =>
        TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var duration)
        && duration >= TimeSpan.Zero
        && duration <= TimeSpan.FromDays(365);

    [GeneratedRegex(@"^[A-Za-z0-9_-]{1,64}$")]
    internal static partial Regex Name();

    [GeneratedRegex(@"^[A-Za-z0-9.-]{1,253}$")]
    private static partial Regex HostName();

    [GeneratedRegex("^(/[A-Za-z0-9_-]{1,64}){1,8}$")]
    private static partial Regex NodePath();

    [GeneratedRegex("^[A-Za-z0-9._@-]{1,15}$")]
    private static partial Regex Interface();

    [GeneratedRegex(@"^[A-Za-z0-9._-]{1,100}$")]
    internal static partial Regex Cookie();

    [GeneratedRegex(@"^[1-9][0-9]*(kb|mb|gb)$")]
    internal static partial Regex Memory();
}
