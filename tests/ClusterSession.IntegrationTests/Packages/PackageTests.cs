using System.IO.Compression;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using ClusterSession.Failover;
using ClusterSession.Redis;
using ClusterSession.Transport.Links;
using Xunit;

namespace ClusterSession.IntegrationTests.Packages;

/// <summary>What is in the packages that users get.</summary>
[Collection(PackedCollection.Name)]
public sealed partial class PackageTests(PackedFeed feed)
{
    private const BindingFlags Visible = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static;
    private static readonly Assembly[] Shipped =
    [
        typeof(IClusterSession).Assembly,
        typeof(RedisOptions).Assembly,
        typeof(FailoverOptions).Assembly,
        typeof(ClusterSession.ZooKeeper.ZooKeeperClient).Assembly,
        typeof(Microsoft.Extensions.DependencyInjection.ZooKeeperCoordinatorExtensions).Assembly,
        typeof(Microsoft.Extensions.DependencyInjection.EtcdCoordinatorExtensions).Assembly,
        typeof(BackOff).Assembly,
    ];

    /// <summary>What a package brings along, as CONTRIBUTING.md and the decisions say.</summary>
    private static readonly Dictionary<string, string[]> Dependencies = new()
    {
        ["ClusterSession"] = [],
        ["ClusterSession.Transport"] = [],
        ["ClusterSession.Redis"] = ["ClusterSession", "ClusterSession.Transport", "ClusterSession.ZooKeeper"],
        ["ClusterSession.Failover"] = ["ClusterSession.Redis", "DotNext.AspNetCore.Cluster"],
        ["ClusterSession.ZooKeeper"] = ["ClusterSession.Transport"],
        ["ClusterSession.Failover.ZooKeeper"] = ["ClusterSession.Failover", "ClusterSession.ZooKeeper"],
        ["ClusterSession.Failover.Etcd"] = ["ClusterSession.Failover", "dotnet-etcd"],
        ["ClusterSession.Cli"] = [], // A tool has all it needs in itself.
    };

    public static TheoryData<string> Packages => [.. PackedFeed.Ids];

    public static TheoryData<string> Libraries => [.. Shipped.Select(NameOf)];

    public static TheoryData<string> Documented => [.. Shipped.Where(HasPublicTypes).Select(NameOf)];

    [Theory]
    [MemberData(nameof(Packages))]
    public void Package_says_what_it_is_where_it_comes_from_and_under_which_license(string id)
    {
        using var package = ZipFile.OpenRead(feed.Package(id));
        var metadata = Xml(package, $"{id}.nuspec").Root!.Elements().Single();
        XElement Of(string name) => metadata.Elements().Single(element => element.Name.LocalName == name);

        Assert.Equal(id, Of("id").Value);
        Assert.Equal(feed.Version, Of("version").Value);
        Assert.True(Of("description").Value.Length > 60, Of("description").Value);
        Assert.Contains("session", Of("tags").Value.Split(' '));
        Assert.Equal(("expression", "MIT"), (Of("license").Attribute("type")!.Value, Of("license").Value));
        Assert.Equal("git", Of("repository").Attribute("type")!.Value);
        Assert.Matches("^[0-9a-f]{40}$", Of("repository").Attribute("commit")!.Value);

        var readme = Text(package, Of("readme").Value);
        Assert.StartsWith($"# {id}\n", readme, StringComparison.Ordinal);
        Assert.DoesNotMatch(RelativeLink(), readme);
        var dependencies = metadata
            .Descendants()
            .Where(element => element.Name.LocalName == "dependency")
            .Select(element => element.Attribute("id")!.Value);
        Assert.Equal(Dependencies[id], dependencies.Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Each_dependency_on_others_has_its_decision()
    {
        var decisions = Directory
            .EnumerateFiles(Path.Combine(PackedFeed.Repository, "docs", "decisions"), "*.md")
            .Select(File.ReadAllText)
            .ToArray();
        var others = Dependencies.Values.SelectMany(static id => id).Except(PackedFeed.Ids);
        Assert.All(others, id => Assert.Contains(decisions, text => text.Contains(id, StringComparison.Ordinal)));
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Library_has_its_assembly_its_documentation_and_its_symbols_and_nothing_else(string id)
    {
        using var package = ZipFile.OpenRead(feed.Package(id));
        using var symbols = ZipFile.OpenRead(feed.Package(id, ".snupkg"));
        Assert.Equal([$"lib/net10.0/{id}.dll", $"lib/net10.0/{id}.xml"], Contents(package, "lib/"));
        Assert.Equal([$"lib/net10.0/{id}.pdb"], Contents(symbols, "lib/"));
        Assert.Empty(Contents(package, "analyzers/").Concat(Contents(package, "build")));
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Symbols_and_assembly_hold_no_path_of_the_machine_that_made_them(string id)
    {
        using var symbols = ZipFile.OpenRead(feed.Package(id, ".snupkg"));
        using var pdb = MetadataReaderProvider.FromPortablePdbStream(Copy(symbols, $"lib/net10.0/{id}.pdb"));
        var reader = pdb.GetMetadataReader();
        var files = reader.Documents.Select(file => reader.GetString(reader.GetDocument(file).Name)).ToArray();
        Assert.Contains(files, file => file.StartsWith($"/_/src/{id}/", StringComparison.Ordinal));
        Assert.DoesNotContain(files, file => file.Contains(PackedFeed.Repository, StringComparison.Ordinal));

        using var package = ZipFile.OpenRead(feed.Package(id));
        using var assembly = new PEReader(Copy(package, $"lib/net10.0/{id}.dll"));
        Assert.Contains(assembly.ReadDebugDirectory(), entry => entry.Type == DebugDirectoryEntryType.Reproducible);
    }

    [Theory]
    [MemberData(nameof(Documented))]
    public void Documentation_of_public_members_leads_to_public_members_only(string id)
    {
        var types = Shipped
            .SelectMany(assembly => assembly.GetTypes())
            .Where(type => type.FullName is not null && type.FullName[0] != '<')
            .ToDictionary(type => type.FullName!.Replace('+', '.'));
        bool IsPublic(string entry) => Owner(entry, types) is { IsVisible: true } owner && IsPublicMember(entry, owner);

        using var package = ZipFile.OpenRead(feed.Package(id));
        var members = Xml(package, $"lib/net10.0/{id}.xml")
            .Descendants("member")
            .Select(member => (Name: member.Attribute("name")!.Value, Links: member.Descendants().Attributes("cref")))
            .Where(member => IsPublic(member.Name))
            .ToArray();
        var visible = Shipped.Single(assembly => NameOf(assembly) == id).GetExportedTypes();
        Assert.True(members.Length >= visible.Length, $"Only {members.Length} public members are documented.");
        var hidden = members
            .SelectMany(member => member.Links.Select(link => (member.Name, Leads: link.Value)))
            .Where(link => link.Leads[0] == '!' || link.Leads.Contains(":ClusterSession", StringComparison.Ordinal))
            .Where(link => !IsPublic(link.Leads));
        Assert.Empty(hidden);
    }

    /// <summary>
    /// Internals have no compatibility between versions (docs/decisions/0010).
    /// </summary>
    [Theory]
    [InlineData("ClusterSession.Redis", "ClusterSession.Transport")]
    [InlineData("ClusterSession.Redis", "ClusterSession.ZooKeeper")]
    [InlineData("ClusterSession.Failover", "ClusterSession.Redis")]
    [InlineData("ClusterSession.ZooKeeper", "ClusterSession.Transport")]
    [InlineData("ClusterSession.Failover.ZooKeeper", "ClusterSession.Failover")]
    [InlineData("ClusterSession.Failover.Etcd", "ClusterSession.Failover")]
    public void Package_whose_internals_are_used_is_wanted_in_exactly_this_version(string id, string used)
    {
        using var package = ZipFile.OpenRead(feed.Package(id));
        var dependency = Xml(package, $"{id}.nuspec")
            .Descendants()
            .Single(element => element.Name.LocalName == "dependency" && element.Attribute("id")!.Value == used);
        Assert.Equal($"[{feed.Version}]", dependency.Attribute("version")!.Value);
    }

    [Fact]
    public void Transport_shows_nothing() =>
        Assert.Equal(["ClusterSession.Transport"], Shipped.Where(assembly => !HasPublicTypes(assembly)).Select(NameOf));

    [Fact]
    public void Redis_package_shows_only_what_its_extension_takes()
    {
        var reached = new HashSet<Type>();
        Reach(typeof(Microsoft.Extensions.DependencyInjection.RedisClusterSessionBuilderExtensions), reached);
        Assert.Empty(typeof(RedisOptions).Assembly.GetExportedTypes().Except(reached));
    }

    [Fact]
    public void Main_namespace_holds_nothing_that_only_the_author_of_a_store_needs()
    {
        var ofStores = new HashSet<Type>();
        Reach(typeof(Stores.IClusterSessionStore), ofStores);
        Assert.Contains(typeof(Records.SessionRecord), ofStores);
        Assert.DoesNotContain(ofStores, type => type.Namespace is "ClusterSession" or "ClusterSession.Redis");
    }

    /// <summary>
    /// The type whose member, or which itself, the id of a documentation entry names.
    /// </summary>
    private static Type? Owner(string id, Dictionary<string, Type> types)
    {
        var name = id[2..].Split('(')[0];
        while (name.Length > 0)
        {
            if (types.TryGetValue(name, out var type))
            {
                return type;
            }

            name = name[..Math.Max(0, name.LastIndexOf('.'))];
        }

        return null;
    }

    private static bool IsPublicMember(string id, Type owner)
    {
        if (id[0] == 'T')
        {
            return true;
        }

        var name = id[2..].Split('(')[0][(owner.FullName!.Length + 1)..].Split("``")[0];
        name = name == "#ctor" ? ".ctor" : name;
        return owner.GetMember(name, Visible | BindingFlags.FlattenHierarchy).Length > 0
            || owner
                .GetMember(name, BindingFlags.NonPublic | BindingFlags.Instance)
                .Any(member => member is MethodBase { IsFamily: true });
    }

    private static bool HasPublicTypes(Assembly assembly) => assembly.GetExportedTypes().Length > 0;

    private static string NameOf(Assembly assembly) => assembly.GetName().Name!;

    private static void Reach(Type type, HashSet<Type> reached)
    {
        type = type.HasElementType ? type.GetElementType()! : type;
        foreach (var argument in type.GetGenericArguments())
        {
            Reach(argument, reached);
        }

        if (!Shipped.Contains(type.Assembly) || !type.IsVisible || !reached.Add(type))
        {
            return;
        }

        foreach (var member in type.GetMembers(Visible | BindingFlags.DeclaredOnly))
        {
            IEnumerable<Type> used = member switch
            {
                MethodInfo method => [method.ReturnType, .. method.GetParameters().Select(one => one.ParameterType)],
                ConstructorInfo constructor => constructor.GetParameters().Select(one => one.ParameterType),
                PropertyInfo property => [property.PropertyType],
                FieldInfo field => [field.FieldType],
                _ => [],
            };
            foreach (var one in used)
            {
                Reach(one, reached);
            }
        }
    }

    private static IEnumerable<string> Contents(ZipArchive archive, string under) =>
        archive
            .Entries.Select(static entry => entry.FullName)
            .Where(name => name.StartsWith(under, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal);

    private static XDocument Xml(ZipArchive archive, string name) => XDocument.Parse(Text(archive, name));

    private static string Text(ZipArchive archive, string name)
    {
        using var text = new StreamReader(archive.GetEntry(name)!.Open());
        return text.ReadToEnd();
    }

    private static MemoryStream Copy(ZipArchive archive, string name)
    {
        var copy = new MemoryStream();
        using var entry = archive.GetEntry(name)!.Open();
        entry.CopyTo(copy);
        copy.Position = 0;
        return copy;
    }

    /// <summary>
    /// nuget.org shows the text alone: what a relative link leads to is not there.
    /// </summary>
    [GeneratedRegex(@"\]\((?!https://)")]
    private static partial Regex RelativeLink();
}
