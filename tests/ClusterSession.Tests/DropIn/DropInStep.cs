using System.Text.RegularExpressions;

namespace ClusterSession.Tests.DropIn;

/// <summary>
/// A line of a script: <c>GET /path {Request-Header: value} [Shown-Header] -> what is observed</c>,
/// or <c>after 00:10:00</c>, or <c>store fails reads writes</c>. Where the two differ,
/// <c>&lt;&gt;</c> comes between what is observed with <c>AddSession</c> and with ours.
/// </summary>
internal sealed partial record DropInStep(string Text, DropInRequest? Request, string Theirs, string Ours)
{
    private const StringSplitOptions Trimmed = StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries;

    public bool IsDifference => Theirs != Ours;

    public static DropInStep[] Parse(string script) =>
        [.. Continued().Replace(script, " ").Split('\n', Trimmed).Select(ParseLine)];

    public string Expected(SessionKind kind) => kind == SessionKind.AddSession ? Theirs : Ours;

    private static DropInStep ParseLine(string line)
    {
        if (line.StartsWith("after ", StringComparison.Ordinal) || line.StartsWith("store ", StringComparison.Ordinal))
        {
            return new DropInStep(line, null, "", "");
        }

        var match = Line().Match(line);
        if (!match.Success)
        {
            throw new FormatException($"'{line}' is no line of a script.");
        }

        var request = new DropInRequest(
            match.Groups["verb"].Value,
            match.Groups["path"].Value,
            [.. match.Groups["header"].Captures.Select(capture => capture.Value)],
            match.Groups["shown"].Value.Split(',', Trimmed)
        );
        var expected = match.Groups["expected"].Value.Split(" <> ");
        return new DropInStep($"{request.Verb} {request.Path}", request, expected[0], expected[^1]);
    }

    /// <summary>What is observed may be on lines of its own.</summary>
    [GeneratedRegex(@"\s*\n\s*(?=-> |<> )")]
    private static partial Regex Continued();

    [GeneratedRegex(
        @"^(?<verb>[A-Z]+)\s+(?<path>\S+)(\s+\{(?<header>[^}]+)\})*(\s+\[(?<shown>[^\]]+)\])?\s+->\s+(?<expected>.*)$"
    )]
    private static partial Regex Line();
}
