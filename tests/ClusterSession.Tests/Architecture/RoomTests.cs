using System.Text.RegularExpressions;
using Xunit;

namespace ClusterSession.Tests.Architecture;

/// <summary>
/// The rooms of the core and their arrows are those of the table in docs/architecture.md: each line uses lines above it
/// only, so that no two rooms point at each other.
/// </summary>
public sealed partial class RoomTests
{
    private const string Core = "src/ClusterSession";
    private const string All = "all";

    private static readonly (string Room, string[] Uses)[] Table =
    [
        .. Repository.Read("docs/architecture.md").Split('\n')
            .SkipWhile(line => line != "## Rooms").TakeWhile(line => line != "## Packages")
            .Select(line => Row().Match(line)).Where(row => row.Success)
            .Select(row => (row.Groups[1].Value, row.Groups[2].Value.Split(", ", StringSplitOptions.RemoveEmptyEntries))),
    ];

    [Fact]
    public void Table_names_every_room()
    {
        var rooms = Repository.Files(".cs", Core).Select(RoomOf).Distinct().Order(StringComparer.Ordinal);
        Assert.Equal(rooms, Table.Select(line => line.Room).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Rooms_use_rooms_that_stand_above_them()
    {
        for (var i = 0; i < Table.Length; i++)
        {
            var above = Table[..i].Select(line => line.Room).ToHashSet();
            Assert.All(Table[i].Uses.Where(room => room != All), room => Assert.Contains(room, above));
        }

        Assert.Equal(["Hosting"], Table.Where(line => line.Uses.Contains(All)).Select(line => line.Room));
        Assert.Equal("Hosting", Table[^1].Room);
    }

    [Fact]
    public void Files_use_what_the_table_says_and_rooms_all_of_it()
    {
        var declared = Declared();
        var used = Table.ToDictionary(line => line.Room, _ => new SortedSet<string>(StringComparer.Ordinal));
        foreach (var file in Repository.Files(".cs", Core))
        {
            used[RoomOf(file)].UnionWith(UsedBy(file, declared));
        }

        var untrue = Table.Where(line => !line.Uses.Contains(All) && !used[line.Room].SetEquals(line.Uses))
            .Select(line => $"{line.Room} uses {string.Join(", ", used[line.Room])}; the page says {string.Join(", ", line.Uses)}");
        Assert.Empty(untrue);
    }

    [Fact]
    public void Arrow_is_seen_in_a_using_a_qualified_name_and_a_type_of_the_root_namespace()
    {
        var declared = Declared();
        Assert.Equal(["Local"], UsedIn("Records", "using ClusterSession.Local;", declared));
        Assert.Equal(["Stores/Outage"], UsedIn("Records", "var guard = Stores.Outage.StoreGuard.New();", declared));
        Assert.Equal(["Management"], UsedIn("Records", "ISessionManager manager;", declared));
        Assert.Empty(UsedIn("Records", "// ISessionManager", declared));
    }

    private static string RoomOf(string file) => Path.GetDirectoryName(file)!.Replace('\\', '/')[(Core.Length + 1)..];

    /// <summary>Types of namespaces that do not name their room, as those for applications.</summary>
    private static Dictionary<string, string> Declared()
    {
        var declared = new Dictionary<string, string>();
        foreach (var file in Repository.Files(".cs", Core))
        {
            var code = string.Join('\n', Repository.Code(file));
            var room = RoomOf(file);
            if (!code.Contains($"namespace ClusterSession.{room.Replace('/', '.')};", StringComparison.Ordinal))
            {
                foreach (Match type in Declaration().Matches(code))
                {
                    declared[type.Groups[1].Value] = room;
                }
            }
        }

        Assert.Equal("Options", declared["ClusterSessionOptions"]);
        return declared;
    }

    private static IEnumerable<string> UsedBy(string file, Dictionary<string, string> declared) =>
        UsedIn(RoomOf(file), string.Join('\n', Repository.Code(file)), declared);

    private static SortedSet<string> UsedIn(string room, string code, Dictionary<string, string> declared)
    {
        code = Comment().Replace(code, "");
        var used = new SortedSet<string>(Word().Matches(code).Select(word => declared.GetValueOrDefault(word.Value, room)), StringComparer.Ordinal);
        foreach (var other in Table.Select(line => line.Room))
        {
            var name = Regex.Escape(other.Replace('/', '.'));
            var types = string.Join('|', TypesOf(other));
            var isVisible = room.StartsWith(other + "/", StringComparison.Ordinal); // A namespace sees those around it.
            if (Regex.IsMatch(code, $@"^using ClusterSession\.{name};", RegexOptions.Multiline)
                || Regex.IsMatch(code, $@"(?<![\w.])(?:ClusterSession\.)?{name}\.(?:{types})\b")
                || (isVisible && Regex.IsMatch(code, $@"(?<![\w.])(?:{types})\b")))
            {
                used.Add(other);
            }
        }

        used.Remove(room);
        return used;
    }

    private static IEnumerable<string> TypesOf(string room) => Repository.Files(".cs", $"{Core}/{room}")
        .Where(file => RoomOf(file) == room).Select(file => Path.GetFileName(file).Split('.')[0]).Distinct();

    [GeneratedRegex(@"^\| `([\w/]+)` \| [^|]+ \| ([^|]*?) ?\|$")]
    private static partial Regex Row();

    [GeneratedRegex(@"^(?:public|internal)[\w ]* (?:class|struct|interface|enum|record) (\w+)", RegexOptions.Multiline)]
    private static partial Regex Declaration();

    [GeneratedRegex(@"//[^\n]*")]
    private static partial Regex Comment();

    [GeneratedRegex(@"(?<![.\w])[A-Z]\w+")]
    private static partial Regex Word();
}
