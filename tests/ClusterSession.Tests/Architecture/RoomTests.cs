using System.Text.RegularExpressions;
using ClusterSession.Redis;
using ClusterSession.Redis.Topology;
using Xunit;

namespace ClusterSession.Tests.Architecture;

/// <summary>
/// The rooms of each package and their arrows are those of its table in docs/internals/rooms.md:
/// each line uses lines above it only, so that no two rooms point at each other.
/// </summary>
public sealed partial class RoomTests
{
    private const string Core = "src/ClusterSession";
    private const string Transport = "src/ClusterSession.Transport";
    private const string Redis = "src/ClusterSession.Redis";
    private const string Failover = "src/ClusterSession.Failover";
    private const string ZooKeeper = "src/ClusterSession.ZooKeeper";
    private const string FailoverZooKeeper = "src/ClusterSession.Failover.ZooKeeper";
    private const string FailoverEtcd = "src/ClusterSession.Failover.Etcd";
    private const string CommandLine = "src/ClusterSession.Cli";
    private const string All = "all";

    [Theory]
    [InlineData(Core)]
    [InlineData(Transport)]
    [InlineData(Redis)]
    [InlineData(Failover)]
    [InlineData(ZooKeeper)]
    [InlineData(FailoverZooKeeper)]
    [InlineData(FailoverEtcd)]
    [InlineData(CommandLine)]
    public void Table_names_every_room(string package)
    {
        var rooms = Repository.Files(".cs", package).Select(file => RoomOf(package, file)).Distinct();
        Assert.Equal(
            rooms.Order(StringComparer.Ordinal),
            Table(package).Select(line => line.Room).Order(StringComparer.Ordinal)
        );
    }

    [Theory]
    [InlineData(Core)]
    [InlineData(Transport)]
    [InlineData(Redis)]
    [InlineData(Failover)]
    [InlineData(ZooKeeper)]
    [InlineData(FailoverZooKeeper)]
    [InlineData(FailoverEtcd)]
    [InlineData(CommandLine)]
    public void Rooms_use_rooms_that_stand_above_them(string package)
    {
        var table = Table(package);
        for (var i = 0; i < table.Length; i++)
        {
            var above = table[..i].Select(line => line.Room).ToHashSet();
            Assert.All(table[i].Uses.Where(room => room != All), room => Assert.Contains(room, above));
        }

        var last = package switch
        {
            Transport => "Links",
            ZooKeeper => "Leases",
            CommandLine => "Entry",
            _ => "Hosting",
        };
        Assert.Equal(last, table[^1].Room);
        Assert.All(table.Where(line => line.Uses.Contains(All)), line =>
            Assert.Contains(line.Room, new[] { "Hosting", "Entry" })
        );
    }

    [Theory]
    [InlineData(Core)]
    [InlineData(Transport)]
    [InlineData(Redis)]
    [InlineData(Failover)]
    [InlineData(ZooKeeper)]
    [InlineData(FailoverZooKeeper)]
    [InlineData(FailoverEtcd)]
    [InlineData(CommandLine)]
    public void Files_use_what_the_table_says_and_rooms_all_of_it(string package)
    {
        var table = Table(package);
        var declared = Declared(package);
        var used = table.ToDictionary(line => line.Room, _ => new SortedSet<string>(StringComparer.Ordinal));
        foreach (var file in Repository.Files(".cs", package))
        {
            var room = RoomOf(package, file);
            used[room].UnionWith(UsedIn(package, room, string.Join('\n', Repository.Code(file)), declared));
        }

        var untrue = table
            .Where(line => !line.Uses.Contains(All) && !used[line.Room].SetEquals(line.Uses))
            .Select(line =>
                $"{line.Room} uses {string.Join(", ", used[line.Room])}; the page says {string.Join(", ", line.Uses)}"
            );
        Assert.True(!untrue.Any(), string.Join(Environment.NewLine, untrue));
    }

    [Fact]
    public void Arrow_is_seen_in_a_using_a_qualified_name_and_a_type_of_the_root_namespace()
    {
        var declared = Declared(Core);
        Assert.Equal("Options", declared["ClusterSessionOptions"]);
        Assert.Equal(["Local"], UsedIn(Core, "Records", "using ClusterSession.Local;", declared));
        Assert.Equal(["Stores/Outage"], UsedIn(Core, "Records", "var guard = Stores.Outage.StoreGuard.X;", declared));
        Assert.Equal(["Management"], UsedIn(Core, "Records", "ISessionManager manager;", declared));
        Assert.Empty(UsedIn(Core, "Records", "// ISessionManager", declared));

        declared = Declared(Redis);
        Assert.Equal(["Scripts"], UsedIn(Redis, "Connection", "using ClusterSession.Redis.Scripts;", declared));
        Assert.Equal(["Scripts"], UsedIn(Redis, "Connection", "var read = new Redis.Scripts.ReadRequest();", declared));
        Assert.Equal(["Topology"], UsedIn(Redis, "Topology/Cluster", "RedisLink link;", declared));
        Assert.Equal(["Options"], UsedIn(Redis, "Connection", "RedisEndpoint endpoint;", declared));
    }

    private static (string Room, string[] Uses)[] Table(string package) =>
        [
            .. Repository
                .Read("docs/internals/rooms.md")
                .Split('\n')
                .SkipWhile(line => line != Heading(package))
                .Skip(1)
                .TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal))
                .Select(line => Row().Match(line))
                .Where(row => row.Success)
                .Select(row =>
                    (row.Groups[1].Value, row.Groups[2].Value.Split(", ", StringSplitOptions.RemoveEmptyEntries))
                ),
        ];

    private static string Heading(string package) =>
        package switch
        {
            Core => "## Rooms of the core",
            Transport => "## Rooms of the transport",
            Redis => "## Rooms of the Redis store",
            ZooKeeper => "## Rooms of the ZooKeeper client",
            FailoverZooKeeper => "## Rooms of the ZooKeeper coordinator",
            FailoverEtcd => "## Rooms of the etcd coordinator",
            CommandLine => "## Rooms of the command line",
            _ => "## Rooms of the failover package",
        };

    private static string RoomOf(string package, string file) =>
        Path.GetDirectoryName(file)!.Replace('\\', '/')[package.Length..].TrimStart('/');

    /// <summary>
    /// Types of namespaces that do not name their room, as those for applications.
    /// </summary>
    private static Dictionary<string, string> Declared(string package)
    {
        var declared = new Dictionary<string, string>();
        foreach (var file in Repository.Files(".cs", package))
        {
            var code = string.Join('\n', Repository.Code(file));
            var room = RoomOf(package, file);
            if (!code.Contains($"namespace {NamespaceOf(package)}.{room.Replace('/', '.')};", StringComparison.Ordinal))
            {
                foreach (Match type in Declaration().Matches(code))
                {
                    declared[type.Groups[1].Value] = room;
                }
            }
        }

        return declared;
    }

    private static SortedSet<string> UsedIn(
        string package,
        string room,
        string code,
        Dictionary<string, string> declared
    )
    {
        code = Comment().Replace(code, "");
        var root = Regex.Escape(NamespaceOf(package));
        var prefix =
            package == Core ? @"(?:ClusterSession\.)?" : $@"(?:(?:ClusterSession\.)?{package.Split('.')[^1]}\.)?";
        var used = new SortedSet<string>(
            Word().Matches(code).Select(word => declared.GetValueOrDefault(word.Value, room)),
            StringComparer.Ordinal
        );
        foreach (var other in Table(package).Select(line => line.Room))
        {
            var name = Regex.Escape(other.Replace('/', '.'));
            var types = string.Join('|', TypesOf(package, other));
            var isVisible = room.StartsWith(other + "/", StringComparison.Ordinal); // A namespace sees those around it.
            if (
                Regex.IsMatch(code, $@"^using {root}\.{name};", RegexOptions.Multiline)
                || Regex.IsMatch(code, $@"(?<![\w.]){prefix}{name}\.(?:{types})\b")
                || (isVisible && Regex.IsMatch(code, $@"(?<![\w.])(?:{types})\b"))
            )
            {
                used.Add(other);
            }
        }

        used.Remove(room);
        return used;
    }

    private static string NamespaceOf(string package) => package["src/".Length..];

    private static IEnumerable<string> TypesOf(string package, string room) =>
        Repository
            .Files(".cs", $"{package}/{room}")
            .Where(file => RoomOf(package, file) == room)
            .Select(file => Path.GetFileName(file).Split('.')[0])
            .Distinct();

    [GeneratedRegex(@"^\| `([\w/]+)` \| [^|]+ \| ([^|]*?) ?\|$")]
    private static partial Regex Row();

    [GeneratedRegex(@"^(?:public|internal)[\w ]* (?:class|struct|interface|enum|record) (\w+)", RegexOptions.Multiline)]
    private static partial Regex Declaration();

    [GeneratedRegex(@"//[^\n]*")]
    private static partial Regex Comment();

    [GeneratedRegex(@"(?<![.\w])[A-Z]\w+")]
    private static partial Regex Word();
}
