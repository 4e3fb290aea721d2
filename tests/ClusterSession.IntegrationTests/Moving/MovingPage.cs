using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ClusterSession.IntegrationTests.Packages;

namespace ClusterSession.IntegrationTests.Moving;

/// <summary>
/// Follows the page on moving over: its own code blocks, and nothing else. The commands are run,
/// the statements that a block removes are found by how they begin, and those that it adds take the
/// place of the last of them.
/// </summary>
internal sealed partial class MovingPage
{
    private readonly string _steps;

    private MovingPage(string steps) => _steps = steps;

    /// <summary>Reads the section with the steps.</summary>
    public static MovingPage Read()
    {
        var page = File.ReadAllText(Path.Combine(PackedFeed.Repository, "docs", "moving-from-addsession.md"));
        return new(Section().Match(page).Groups["steps"].Value);
    }

    /// <summary>Moves an application.</summary>
    public async Task FollowAsync(string project)
    {
        foreach (var command in Blocks("sh").SelectMany(Lines))
        {
            await Dotnet.RunAsync(project, command.Split(' ')[1..]);
        }

        var program = Path.Combine(project, "Program.cs");
        var text = await File.ReadAllTextAsync(program);
        await File.WriteAllTextAsync(program, Blocks("diff").Aggregate(text, Apply));

        var settings = Path.Combine(project, "appsettings.json");
        var json = JsonNode.Parse(await File.ReadAllTextAsync(settings))!.AsObject();
        foreach (var (name, value) in Blocks("json").SelectMany(block => JsonNode.Parse(block)!.AsObject()))
        {
            json[name] = value!.DeepClone();
        }

        await File.WriteAllTextAsync(settings, json.ToJsonString());
    }

    private string[] Blocks(string language)
    {
        var blocks = Block()
            .Matches(_steps)
            .Where(block => block.Groups["language"].Value == language)
            .Select(block => block.Groups["text"].Value)
            .ToArray();
        return blocks.Length > 0
            ? blocks
            : throw new InvalidOperationException($"The page's steps have no block of '{language}'.");
    }

    private static string[] Lines(string block) => block.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static string Apply(string program, string diff)
    {
        var lines = Lines(diff);
        var place = -1;
        foreach (var removed in lines.Where(line => line[0] == '-'))
        {
            var beginning = removed[1..(removed.IndexOf('(', StringComparison.Ordinal) + 1)];
            var start = program.IndexOf("\n" + beginning, StringComparison.Ordinal) + 1;
            if (start > 0)
            {
                var end = program.IndexOf(";\n", End(program, start), StringComparison.Ordinal) + 2;
                (program, place) = (program.Remove(start, end - start), start);
            }
        }

        return place >= 0
            ? program.Insert(place, string.Concat(lines.Where(line => line[0] == '+').Select(line => line[1..] + "\n")))
            : throw new InvalidOperationException($"The application has none of the statements to remove:\n{diff}");
    }

    /// <summary>Where the brackets of the statement that starts here are closed.</summary>
    private static int End(string program, int start)
    {
        var depth = 0;
        for (var i = start; i < program.Length; i++)
        {
            depth += program[i] switch
            {
                '(' or '{' => 1,
                ')' or '}' => -1,
                _ => 0,
            };
            if (depth == 0 && program[i] is ')')
            {
                return i;
            }
        }

        throw new InvalidOperationException("The statement has no end.");
    }

    [GeneratedRegex(@"^## The lines\n(?<steps>.*?)^## ", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Section();

    [GeneratedRegex(@"^```(?<language>\w+)\n(?<text>.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Block();
}
