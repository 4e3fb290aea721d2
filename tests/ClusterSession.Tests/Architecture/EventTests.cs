using System.Reflection;
using System.Text.RegularExpressions;
using ClusterSession.Redis;
using Microsoft.Extensions.Logging;
using Xunit;

namespace ClusterSession.Tests.Architecture;

/// <summary>
/// Every event that can be logged is on the page of events, and reads as sentences.
/// </summary>
public sealed partial class EventTests
{
    private const string Page = "docs/operations/events.md";
    private const string Reason = "{Reason}";

    private static readonly (MethodInfo Method, LoggerMessageAttribute Message)[] Events =
    [
        .. new[]
        {
            typeof(IClusterSession).Assembly,
            typeof(RedisOptions).Assembly,
            typeof(ClusterSession.Failover.RaftCoordinatorOptions).Assembly,
        }
            .SelectMany(assembly => assembly.GetTypes())
            .SelectMany(type =>
                type.GetMethods(
                    BindingFlags.Static
                        | BindingFlags.Instance
                        | BindingFlags.Public
                        | BindingFlags.NonPublic
                        | BindingFlags.DeclaredOnly
                )
            )
            .Select(method => (method, method.GetCustomAttribute<LoggerMessageAttribute>()!))
            .Where(logged => logged.Item2 is not null),
    ];

    public static TheoryData<string> Messages => [.. Events.Select(logged => logged.Message.Message)];

    [Fact]
    public void Page_of_events_has_a_line_for_each_id_and_no_others()
    {
        var logged = Events
            .Select(logged => $"{logged.Message.EventId} {logged.Message.Level} {logged.Method.Name}")
            .Order(StringComparer.Ordinal)
            .ToArray();
        var written = Line()
            .Matches(Repository.Read(Page))
            .Select(line => $"{line.Groups["id"].Value} {line.Groups["level"].Value} {line.Groups["name"].Value}")
            .Order(StringComparer.Ordinal)
            .ToArray();
        Assert.True(logged.Length > 40, "the events were found");
        Assert.Equal(logged, written);
    }

    [Fact]
    public void Id_belongs_to_one_event()
    {
        var twice = Events
            .GroupBy(logged => logged.Message.EventId)
            .Where(events => events.Count() > 1)
            .Select(events => events.Key);
        Assert.Empty(twice);
    }

    [Theory]
    [MemberData(nameof(Messages))]
    public void Message_is_made_of_sentences(string message)
    {
        Assert.Matches("^[A-Z].*[.}]$", message);
        Assert.DoesNotContain("tried again", message, StringComparison.Ordinal);
        Assert.DoesNotMatch(@"Whether[^.]*: \{", message); // "Whether that is so: True" is no sentence.
        var at = message.IndexOf(Reason, StringComparison.Ordinal);
        if (at < 0)
        {
            return;
        }

        // Part of a sentence, or a sentence of its own with its own full stop: not one that is
        // written as if it were the other.
        var (before, after) = (message[..at], message[(at + Reason.Length)..]);
        var isSentence =
            before.EndsWith(". ", StringComparison.Ordinal) || before.EndsWith(": ", StringComparison.Ordinal);
        Assert.Matches(isSentence ? "^( [A-Z].*)?$" : "^[.]", after);
    }

    [Fact]
    public void Events_that_other_pages_name_exist()
    {
        var ids = Events.Select(logged => logged.Message.EventId).ToHashSet();
        foreach (var page in Repository.Files(".md", "docs/operations"))
        {
            foreach (Match named in Named().Matches(Repository.Read(page)))
            {
                Assert.True(
                    ids.Contains(int.Parse(named.Value, null)),
                    $"{page} names event {named.Value}, which does not exist."
                );
            }
        }
    }

    [GeneratedRegex(
        @"^\| (?<id>[0-9]{4}) \| (?<level>\w+) \| (?<name>\w+) \| [^|]{10,} \| [^|]{5,} \|$",
        RegexOptions.Multiline
    )]
    private static partial Regex Line();

    /// <summary>Four digits that follow the word event, or events.</summary>
    [GeneratedRegex(@"(?<=[Ee]vents? ([0-9]{4}(, | and | to ))*)[0-9]{4}")]
    private static partial Regex Named();
}
