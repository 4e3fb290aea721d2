using System.Text.RegularExpressions;
using Xunit;

namespace ClusterSession.Tests.Architecture;

/// <summary>A second net under the analyzer of banned calls, and the form of the files.</summary>
public sealed partial class SourceRuleTests
{
    /// <summary>Of lines that say something: about 400 with blank lines and brackets.</summary>
    private const int MaxLines = 300;

    /// <summary>
    /// Where the command line takes the console; everything behind it is given one.
    /// </summary>
    private const string Terminal = "src/ClusterSession.Cli/Entry/Program.cs";

    /// <summary>
    /// Types that are longer in all their parts. None may grow; what becomes shorter is to be noted
    /// here.
    /// </summary>
    private static readonly Dictionary<string, int> LongTypes = new() { ["PipelinedConnection"] = 358 };

    [Theory]
    [InlineData(@"\bDateTime(Offset)?\.(Utc)?Now\b")]
    [InlineData(@"\bThread\.Sleep\b")]
    [InlineData(@"\bRandom\.Shared\b")]
    [InlineData(@"\bGuid\.NewGuid\b")]
    [InlineData(@"\.Wait\(\)")]
    [InlineData(@"\b\w*[tT]ask\w*\.Result\b")]
    [InlineData(@"\bTask\.Delay\([^,()]*\)")]
    [InlineData(@"(?<!Spectre\.)\bConsole\.")]
    [InlineData(@"\bBinaryFormatter\b")]
    [InlineData(@"\basync void\b")]
    public void Source_makes_no_banned_call(string banned)
    {
        var calls = Sources()
            .Where(file => file != Terminal)
            .SelectMany(file => Repository.Code(file).Select((line, i) => (At: $"{file}:{i + 1}", Line: line)))
            .Where(code => Regex.IsMatch(code.Line, banned));
        Assert.Empty(calls.ToArray());
    }

    [Fact]
    public void Banned_symbols_exist_and_what_stands_in_their_place_too()
    {
        var sources = string.Join('\n', Sources().SelectMany(file => Repository.Code(file)));
        foreach (Match banned in BannedSymbol().Matches(Repository.Read("eng/BannedSymbols.txt")))
        {
            var type = Type.GetType(banned.Groups["type"].Value);
            Assert.True(type?.GetMember(banned.Groups["member"].Value).Length > 0, $"{banned.Value} bans nothing.");
            foreach (Match name in TypeName().Matches(banned.Groups["hint"].Value))
            {
                Assert.True(
                    Type.GetType($"System.{name.Value}") is not null
                        || Type.GetType($"System.Threading.{name.Value}") is not null
                        || Regex.IsMatch(sources, $@"\b(class|struct|record) {name.Value}\b"),
                    $"eng/BannedSymbols.txt names {name.Value}, which does not exist."
                );
            }
        }
    }

    [Fact]
    public void Task_Run_has_its_reason_in_a_comment()
    {
        foreach (var file in Sources())
        {
            var lines = Repository.Read(file).Split('\n');
            for (var i = 0; i < lines.Length; i++)
            {
                if (lines[i].Contains("Task.Run(", StringComparison.Ordinal))
                {
                    Assert.True(
                        lines[Math.Max(0, i - 4)..(i + 1)].Any(line => line.Contains("//", StringComparison.Ordinal)),
                        $"{file}:{i + 1} starts a task of its own and does not say why."
                    );
                }
            }
        }
    }

    [Fact]
    public void Types_are_short_over_all_their_parts()
    {
        var types = Sources()
            .GroupBy(file => $"{Path.GetDirectoryName(file)}/{Path.GetFileName(file).Split('.')[0]}")
            .Select(parts =>
                (
                    Type: Path.GetFileName(parts.Key),
                    Lines: parts.Sum(file => Repository.Read(file).Split('\n').Count(SaysSomething))
                )
            );
        Assert.All(types, type =>
            Assert.True(
                type.Lines <= LongTypes.GetValueOrDefault(type.Type, MaxLines),
                $"{type.Type} has {type.Lines} lines, more than {LongTypes.GetValueOrDefault(type.Type, MaxLines)}: which second thing is in it?"
            )
        );
    }

    [Fact]
    public void Files_hold_one_public_type_each()
    {
        foreach (var file in Sources())
        {
            var types = PublicType()
                .Matches(Repository.Read(file))
                .Select(match => match.Groups["name"].Value)
                .Distinct()
                .ToArray();
            Assert.True(types.Length <= 1, $"{file} holds {string.Join(" and ", types)}.");
            Assert.True(
                types.Length == 0 || Path.GetFileName(file).StartsWith(types[0], StringComparison.Ordinal),
                $"{file} holds {types.FirstOrDefault()}."
            );
        }
    }

    [Fact]
    public void Namespaces_are_those_of_the_folders_or_of_what_users_import_already()
    {
        foreach (var file in Sources())
        {
            var ns = Namespace().Match(Repository.Read(file)).Groups["name"].Value;
            var project = file.Split('/')[1];
            var folder = Path.GetDirectoryName(file)!.Replace('\\', '/')["src/".Length..].Replace('/', '.');
            Assert.True(
                ns == folder
                    || ns == project
                    || ns == "ClusterSession"
                    || ns.StartsWith("Microsoft.", StringComparison.Ordinal),
                $"{file} is in namespace '{ns}'."
            );
        }
    }

    private static bool SaysSomething(string line) => !Layout().IsMatch(line);

    private static IEnumerable<string> Sources() => Repository.Files(".cs", "src");

    [GeneratedRegex(
        @"^public (?:(?:static|sealed|abstract|readonly|partial|ref) )*(?:class|record struct|record|struct|interface|enum|delegate \S+) (?<name>\w+)",
        RegexOptions.Multiline
    )]
    private static partial Regex PublicType();

    [GeneratedRegex(@"^[MP]:(?<type>[\w.`]+)\.(?<member>\w+)(\([^)]*\))?;(?<hint>.+)$", RegexOptions.Multiline)]
    private static partial Regex BannedSymbol();

    /// <summary>At least two humps: no other word looks so.</summary>
    [GeneratedRegex(@"\b[A-Z][a-z]+[A-Z]\w*")]
    private static partial Regex TypeName();

    [GeneratedRegex(@"^[\s(){}\[\];,]*$|^\s*/// </?(summary|remarks)>\s*$")]
    private static partial Regex Layout();

    [GeneratedRegex(@"^namespace (?<name>[\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();
}
