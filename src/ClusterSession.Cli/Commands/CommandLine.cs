using System.CommandLine;
using ClusterSession.Failover.Face;

namespace ClusterSession.Cli.Commands;

/// <summary>Commands as people type them.</summary>
internal static class CommandLine
{
    /// <summary>What was asked for, without the options that do not belong to it.</summary>
    public static string Of(CommandRequest request) =>
        $"{Verdicts.Words.Command} "
        + (
            request.Command switch
            {
                "switch" => $"switch --to {Quoted(request.Member ?? "")}",
                "failover" => ChangeCommand.Now
                    + string.Concat((request.Discards ?? []).Select(member => $" --discard {Quoted(member)}")),
                "maintenance-on" => "maintenance on",
                "maintenance-off" => "maintenance off",
                var other => request.Member is { } member ? $"{other} {Quoted(member)}" : other,
            }
        );

    /// <summary>The whole command again, without --plan: what does what was planned.</summary>
    public static string WithoutPlan(ParseResult parsed)
    {
        var tokens = parsed.Tokens.Select(token => token.Value).ToList();
        var plan = tokens.IndexOf("--plan");
        if (plan >= 0)
        {
            var hasValue = plan + 1 < tokens.Count && bool.TryParse(tokens[plan + 1], out _);
            tokens.RemoveRange(plan, hasValue ? 2 : 1);
        }

        return $"cluster-session {string.Join(" ", tokens.Select(Quoted))}";
    }

    /// <summary>As a shell takes it for one word.</summary>
    private static string Quoted(string word) =>
        word.Length > 0 && word.All(one => char.IsAsciiLetterOrDigit(one) || "-_./:=,@%+".Contains(one))
            ? word
            : $"'{word.Replace("'", "'\\''")}'";
}
