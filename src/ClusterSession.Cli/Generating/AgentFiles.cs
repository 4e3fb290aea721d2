using System.Net;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using ClusterSession.Cli.Watching;

namespace ClusterSession.Cli.Generating;

/// <summary>Settings of agents, voter and application.</summary>
internal static class AgentFiles
{
    public const string RedisUser = "cluster-session-agent";
    public const string ApplicationUser = "cluster-session";

    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        IndentSize = 2,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static GeneratedFile Agent(SiteDescription site, SiteSecrets secrets, SiteRedis redis) =>
        File(
            $"agents/{redis.Name}.json",
            $"The agent beside {redis.Name}: docs/settings.md. Its own are Name, Directory and where it listens.",
            Settings(site, secrets, redis.Name, redis.Host, redis.AgentPort!.Value)
        );

    /// <summary>
    /// Settings of the follower beside a Redis that is no member. Only these settings name that
    /// Redis.
    /// </summary>
    public static GeneratedFile Follower(SiteDescription site, SiteSecrets secrets, SiteRedis redis)
    {
        var settings = Settings(site, secrets, redis.Name, redis.Host, redis.FollowerPort!.Value);
        var failover = settings["ClusterSession"]!["Failover"]!.AsObject();
        failover.Remove("Directory");
        failover["RedisAddress"] = redis.Address;
        return File($"agents/{redis.Name}.json", $"The follower beside {redis.Name}, which is no member.", settings);
    }

    /// <summary>What keepalived's notify command reads where it alone decides.</summary>
    public static GeneratedFile Notified(SiteDescription site, SiteSecrets secrets, SiteRedis redis)
    {
        var failover = Failover(site, secrets, redis.Name);
        failover["Members"] = new JsonArray([
            .. site.Candidates.Select(one => new JsonObject { ["Name"] = one.Name, ["Redis"] = one.Address }),
        ]);
        failover["Directory"] = KeepalivedFiles.NoticeDirectory(site, redis);
        failover.Remove("TrackFile");
        return File(
            $"agents/{redis.Name}.json",
            $"keepalived's notify command beside {redis.Name}: docs/how-to/keepalived-alone.md.",
            new JsonObject { ["ClusterSession"] = new JsonObject { ["Failover"] = failover } }
        );
    }

    public static GeneratedFile Voter(SiteDescription site, SiteSecrets secrets, SiteProcess voter) =>
        File(
            $"agents/{voter.Name}.json",
            "The third vote, a process without Redis: docs/settings.md.",
            Settings(site, secrets, voter.Name, voter.Host, voter.Port)
        );

    /// <summary>What the application adds to its appsettings.json.</summary>
    public static GeneratedFile Application(SiteDescription site, SiteSecrets secrets)
    {
        var login = $"user={ApplicationUser},password={secrets.ApplicationPassword}";
        var tls = site.Tls is { } files ? $",ssl=true,sslCaFile={files.Authority},sslHost={files.Name}" : "";
        var (connection, comment) = site switch
        {
            { Traffic: TrafficSwitch.Sentinel } => (
                SentinelConnection(site, secrets),
                "Nodes ask the Sentinels who is master."
            ),
            { Virtual: { } address } => (
                $"{address.Address}:{site.Candidates[0].Port},fence=lease,{login}{tls}",
                "keepalived moves this address to the master; with fence=lease a node commits to no other one."
            ),
            _ => (
                $"127.0.0.1:{site.MasterPort},fence=lease,{login}{tls}",
                "HAProxy of this host leads to the master; with fence=lease a node commits to no other one."
            ),
        };
        return File(
            "application/appsettings.json",
            comment,
            new JsonObject
            {
                ["ClusterSession"] = new JsonObject
                {
                    ["Redis"] = connection,
                    ["KeyPrefix"] = site.KeyPrefix,
                    ["IdleTimeout"] = site.IdleTimeout,
                    ["Cookie"] = new JsonObject { ["Name"] = site.CookieName },
                },
            }
        );
    }

    /// <summary>How nodes connect where Sentinel decides.</summary>
    public static string SentinelConnection(SiteDescription site, SiteSecrets secrets)
    {
        var tls = site.Tls is { } files
            ? $",ssl=true,sentinelSsl=true,sslCaFile={files.Authority},sslHost={files.Name}"
            : "";
        return $"{string.Join(',', site.Sentinels.Select(one => one.Address))},serviceName={site.Cluster},"
            + $"user={ApplicationUser},password={secrets.ApplicationPassword},"
            + $"sentinelPassword={secrets.Cluster}{tls}";
    }

    /// <summary>Settings as JSON, with a comment above.</summary>
    public static GeneratedFile File(string path, string comment, JsonObject settings) =>
        new(path, $"// {comment}\n{settings.ToJsonString(Indented)}\n", IsSecret: true);

    private static JsonObject Settings(SiteDescription site, SiteSecrets secrets, string name, string host, int port)
    {
        var settings = new JsonObject
        {
            ["ClusterSession"] = new JsonObject { ["Failover"] = Failover(site, secrets, name) },
        };
        Listen(settings, site, host, port);
        return settings;
    }

    /// <summary>Adds where a process listens.</summary>
    public static void Listen(JsonObject settings, SiteDescription site, string host, int port)
    {
        // A name may stand for an address that is not this host's own.
        var listen = $"{Scheme(site)}://{(IPAddress.TryParse(host, out _) ? host : "*")}:{port}";
        if (site.Tls is { } tls)
        {
            settings["Kestrel"] = new JsonObject
            {
                ["Endpoints"] = new JsonObject
                {
                    ["Agent"] = new JsonObject
                    {
                        ["Url"] = listen,
                        ["Certificate"] = new JsonObject { ["Path"] = tls.Certificate, ["KeyPath"] = tls.Key },
                    },
                },
            };
        }
        else
        {
            settings["Urls"] = listen;
        }
    }

    private static JsonObject Failover(SiteDescription site, SiteSecrets secrets, string name)
    {
        var failover = new JsonObject
        {
            ["Cluster"] = site.Cluster,
            ["Name"] = name,
            ["Members"] = new JsonArray([.. site.Members.Select(member => Member(site, member))]),
            ["Directory"] = $"{site.DataDirectory}/{name}-agent",
            ["Secret"] = secrets.Cluster,
            ["RedisUser"] = RedisUser,
            ["RedisPassword"] = secrets.AgentPassword,
            ["ApplicationUser"] = ApplicationUser,
            ["KeyPrefix"] = site.KeyPrefix,
            ["IdleTimeout"] = site.IdleTimeout,
            ["TicketLife"] = site.TicketLife,
        };
        if (site.IsInPods)
        {
            // In its own pod, without asking for a name.
            failover["RedisAddress"] = $"127.0.0.1:{site.Candidates[0].Port}";
        }

        if (site.Addressed.Any(one => one.Name == name))
        {
            failover["TrackFile"] = KeepalivedFiles.TrackFile(site, name);
        }

        if (site.Coordinator is { } coordinator)
        {
            failover.Remove("Directory");
            // A follower asks the agents: it only has to know that they need no voter.
            var logsIn = site.HasCoordinatorPassword && site.ReplicasWithFollower.All(one => one.Name != name);
            failover["Coordinator"] = logsIn ? $"{coordinator},password={secrets.CoordinatorPassword}" : coordinator;
        }

        if (site.Voter is { } voter)
        {
            failover["Voter"] = $"{Scheme(site)}://{voter.Address}";
        }

        if (site.Tls is { } tls)
        {
            failover["RedisTls"] = "true";
            failover["RedisTlsCaFile"] = tls.Authority;
        }

        return failover;
    }

    private static JsonObject Member(SiteDescription site, SiteRedis redis)
    {
        var member = new JsonObject
        {
            ["Name"] = redis.Name,
            ["Redis"] = redis.Address,
            ["Agent"] = $"{Scheme(site)}://{redis.AgentAddress}",
        };
        if (!site.Candidates.Contains(redis))
        {
            member["IsReadReplica"] = "true";
        }

        return member;
    }

    private static string Scheme(SiteDescription site) => site.Tls is null ? "http" : "https";
}
