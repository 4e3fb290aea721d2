using System.Text.RegularExpressions;
using System.Xml.Linq;
using ClusterSession.Redis;
using ClusterSession.Transport.Links;
using Xunit;

namespace ClusterSession.Tests.Architecture;

/// <summary>
/// Arrows point to the core and to the transport, which know nobody, and from Redis to the client
/// of ZooKeeper, which knows no store; stores never see each other; inside a store bytes know no
/// sockets, and servers no sessions.
/// </summary>
public sealed class DependencyTests
{
    /// <summary>Composes all packages, so may reference them.</summary>
    private const string Tool = "ClusterSession.Cli";

    /// <summary>
    /// Knows Redis and no sessions; Raft comes from a library (docs/decisions/0006).
    /// </summary>
    private const string Failover = "src/ClusterSession.Failover/ClusterSession.Failover.csproj";

    private const string Redis = "src/ClusterSession.Redis/ClusterSession.Redis.csproj";
    private const string ZooKeeper = "src/ClusterSession.ZooKeeper/ClusterSession.ZooKeeper.csproj";

    private const string FailoverZooKeeper =
        "src/ClusterSession.Failover.ZooKeeper/ClusterSession.Failover.ZooKeeper.csproj";

    /// <summary>The messages of etcd come from a library (docs/decisions/0015).</summary>
    private const string FailoverEtcd = "src/ClusterSession.Failover.Etcd/ClusterSession.Failover.Etcd.csproj";

    private const string Transport = "src/ClusterSession.Transport/ClusterSession.Transport.csproj";

    [Fact]
    public void Shipped_projects_reference_the_core_the_transport_and_nothing_else()
    {
        var projects = Repository.Files(".csproj", "src").ToArray();
        Assert.Contains("src/ClusterSession/ClusterSession.csproj", projects);
        foreach (var project in projects.Where(project => !project.Contains(Tool)))
        {
            var references = References(project, "ProjectReference");
            Assert.Equal(Referenced(project), references);
            Assert.Equal(
                project switch
                {
                    Failover => ["DotNext.AspNetCore.Cluster"],
                    FailoverEtcd => ["dotnet-etcd"],
                    _ => [],
                },
                References(project, "PackageReference")
            );
        }
    }

    [Fact]
    public void Shipped_assemblies_reference_the_framework_the_core_and_the_transport_only()
    {
        Assert.All([typeof(IClusterSession).Assembly, typeof(BackOff).Assembly], static assembly =>
            Assert.DoesNotContain(assembly.GetReferencedAssemblies(), static name =>
                name.Name!.StartsWith("ClusterSession", StringComparison.Ordinal)
            )
        );
        Assert.All(typeof(ClusterSession.Redis.IRedisCredentials).Assembly.GetReferencedAssemblies(), name =>
            Assert.True(
                name.Name is "ClusterSession" or "ClusterSession.Transport" or "ClusterSession.ZooKeeper"
                    || name.Name!.StartsWith("System", StringComparison.Ordinal)
                    || name.Name.StartsWith("Microsoft", StringComparison.Ordinal),
                name.Name
            )
        );
    }

    [Fact]
    public void History_checker_references_nothing_but_the_framework()
    {
        const string Checker = "tests/ClusterSession.Histories/ClusterSession.Histories.csproj";
        Assert.Empty(References(Checker, "ProjectReference"));
        Assert.Empty(References(Checker, "PackageReference"));
        Assert.DoesNotContain(typeof(ClusterSession.Histories.History).Assembly.GetReferencedAssemblies(), name =>
            name.Name!.StartsWith("ClusterSession", StringComparison.Ordinal)
        );
    }

    [Theory]
    [InlineData(
        "src/ClusterSession",
        new[]
        {
            "ClusterSession.Redis",
            "ClusterSession.Memcached",
            "ClusterSession.Peers",
            "ClusterSession.Dashboard",
            "DotNext",
        }
    )]
    [InlineData(
        "src/ClusterSession.Redis",
        new[] { "ClusterSession.Memcached", "ClusterSession.Peers", "ClusterSession.Dashboard", "DotNext" }
    )]
    [InlineData("src/ClusterSession.Redis/Protocol", new[] { "System.Net.Sockets" })]
    [InlineData(
        "src/ClusterSession.Redis",
        new[] { "System.Net.Security", "SslStream", "NetworkStream", "new Socket(" }
    )]
    [InlineData(
        "src/ClusterSession.ZooKeeper",
        new[] { "Redis", "System.Net.Sockets", "SslStream", "NetworkStream", "ClusterSession.Failover" }
    )]
    [InlineData("src/ClusterSession.Failover", new[] { "using ClusterSession.ZooKeeper" })]
    [InlineData(
        "src/ClusterSession.Transport",
        new[] { "Redis", "ZooKeeper", "Memcached", "ClusterSession.Records", "ClusterSession.Stores", "SessionKey" }
    )]
    public void Folder_does_not_know(string folder, string[] unknown)
    {
        var files = Repository.Files(".cs", folder).ToArray();
        Assert.NotEmpty(files);
        var known = files
            .SelectMany(file => Repository.Code(file).Select((line, i) => (At: $"{file}:{i + 1}", Line: line)))
            .Where(code =>
                unknown.Any(name => code.Line.Contains(name, StringComparison.Ordinal))
                && !code.Line.TrimStart().StartsWith("[assembly", StringComparison.Ordinal)
            );
        Assert.Empty(known.ToArray());
    }

    [Theory]
    [InlineData("SessionCommit.cs")]
    [InlineData("SessionState.cs")]
    [InlineData("SessionAttributes.cs")]
    [InlineData("SessionIdentity.cs")]
    [InlineData("RequestLogin.cs")]
    [InlineData("RequestProgress.cs")]
    [InlineData("NewIdRequest.cs")]
    [InlineData("NewIdResult.cs")]
    [InlineData("NewIdCommitter.cs")]
    [InlineData("ResponseCookie.cs")]
    [InlineData("Cookies/SetCookieHeader.cs")]
    public void What_a_commit_passes_on_knows_neither_session_nor_response(string file) =>
        Assert.DoesNotContain(Repository.Code($"src/ClusterSession/Http/{file}"), line =>
            Regex.IsMatch(line, @"\b(RequestSession|SessionResponse)\b")
        );

    [Theory]
    [InlineData("RequestSession.cs")]
    [InlineData("SessionState.cs")]
    [InlineData("SessionResponse.cs")]
    public void Session_does_not_know_who_runs_its_request(string file) =>
        Assert.DoesNotContain(Repository.Code($"src/ClusterSession/Http/{file}"), line =>
            Regex.IsMatch(line, @"\b(RequestRuns|ClusterSessionMiddleware)\b")
        );

    /// <summary>What a second store over a server could use as it is.</summary>
    [Theory]
    [InlineData("Options")]
    [InlineData("Protocol")]
    [InlineData("Connection")]
    [InlineData("Topology")]
    [InlineData("Diagnostics")]
    public void Room_of_the_redis_store_does_not_know_sessions(string room) =>
        Folder_does_not_know(
            $"src/ClusterSession.Redis/{room}",
            [
                "ClusterSession.Records",
                "ClusterSession.Stores",
                "ClusterSession.Http",
                "SessionKey",
                "SessionRecord",
                "SessionVersion",
            ]
        );

    private static string[] Referenced(string project) =>
        project switch
        {
            "src/ClusterSession/ClusterSession.csproj" => [],
            Transport => [],
            Redis =>
            [
                "../ClusterSession/ClusterSession.csproj",
                "../ClusterSession.Transport/ClusterSession.Transport.csproj",
                "../ClusterSession.ZooKeeper/ClusterSession.ZooKeeper.csproj",
            ],
            Failover => ["../ClusterSession.Redis/ClusterSession.Redis.csproj"],
            ZooKeeper => ["../ClusterSession.Transport/ClusterSession.Transport.csproj"],
            FailoverEtcd => ["../ClusterSession.Failover/ClusterSession.Failover.csproj"],
            FailoverZooKeeper =>
            [
                "../ClusterSession.Failover/ClusterSession.Failover.csproj",
                "../ClusterSession.ZooKeeper/ClusterSession.ZooKeeper.csproj",
            ],
            _ => ["../ClusterSession/ClusterSession.csproj"],
        };

    private static string[] References(string project, string kind) =>
        [
            .. XDocument
                .Parse(Repository.Read(project))
                .Descendants(kind)
                .Select(reference => reference.Attribute("Include")!.Value),
        ];
}
