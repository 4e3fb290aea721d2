using Xunit;

namespace ClusterSession.Tests.Architecture;

/// <summary>
/// A test is found where its subject is: a folder of a test project is a room of the package that
/// it tests, or another package with its rooms in turn. What is of many rooms is listed.
/// </summary>
public sealed class MirrorTests
{
    /// <summary>Folders that are no room, with the reason.</summary>
    private static readonly Dictionary<string, string> Others = new()
    {
        ["ClusterSession.Tests/Architecture"] = "of the repository",
        ["ClusterSession.Tests/DropIn"] = "the session of ASP.NET Core beside this one",
        ["ClusterSession.Tests/Fuzz"] = "random inputs of all readers",
        ["ClusterSession.Tests/Nodes"] = "a whole node, through HTTP",
        ["ClusterSession.Tests/TestKit"] = "the library of the tests",
        ["ClusterSession.Cli.Tests/Sites"] = "the tool beside a running site",
        ["ClusterSession.Failover.Tests/Simulation"] = "all agents with a virtual clock",
        ["ClusterSession.IntegrationTests/Balancers"] = "nginx, Apache and HAProxy before nodes",
        ["ClusterSession.IntegrationTests/Moving"] = "an application that leaves AddSession",
        ["ClusterSession.IntegrationTests/Packages"] = "the packages as they are published",
        ["ClusterSession.IntegrationTests/Pages"] = "pages in a browser",
        ["ClusterSession.IntegrationTests/Redis/Coherence"] = "nodes, and a Redis that tracks or does not",
        ["ClusterSession.IntegrationTests/Redis/Damage"] = "nodes, and records that cannot be read",
        ["ClusterSession.IntegrationTests/Samples"] = "the samples",
    };

    /// <summary>Test projects, each with its package.</summary>
    private static readonly Dictionary<string, string> Projects = new()
    {
        ["ClusterSession.Tests"] = "ClusterSession",
        ["ClusterSession.Cli.Tests"] = "ClusterSession.Cli",
        ["ClusterSession.Etcd.Tests"] = "ClusterSession.Failover.Etcd",
        ["ClusterSession.Failover.Tests"] = "ClusterSession.Failover",
        ["ClusterSession.IntegrationTests"] = "ClusterSession",
        ["ClusterSession.ZooKeeper.Tests"] = "ClusterSession.ZooKeeper",
    };

    [Fact]
    public void Folders_of_tests_are_rooms_of_what_they_test()
    {
        var strangers = Projects
            .SelectMany(project => Strangers(project.Key, project.Value))
            .Order(StringComparer.Ordinal);
        Assert.Equal(Others.Keys.Order(StringComparer.Ordinal), strangers);
    }

    private static IEnumerable<string> Strangers(string tests, string package) =>
        from folder in Folders($"tests/{tests}")
        where !IsRoom(package, folder)
        let inner = $"ClusterSession.{folder}"
        from stranger in IsPackage(inner)
            ? Folders($"tests/{tests}/{folder}").Where(room => !IsRoom(inner, room)).Select(room => $"{folder}/{room}")
            : [folder]
        select $"{tests}/{stranger}";

    private static bool IsPackage(string name) => Directory.Exists(Path.Combine(Repository.Root, "src", name));

    private static bool IsRoom(string package, string folder) => IsPackage($"{package}/{folder}");

    private static IEnumerable<string> Folders(string under) =>
        Repository
            .Files(".cs", under)
            .Select(file => file[(under.Length + 1)..].Split('/'))
            .Where(parts => parts.Length > 1)
            .Select(parts => parts[0])
            .Distinct();
}
