using System.CommandLine;
using System.Globalization;
using ClusterSession.Cli.Output;
using ClusterSession.Cli.Shell;
using ClusterSession.Cli.Verdicts;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Face;
using Spectre.Console;

namespace ClusterSession.Cli.Commands;

/// <summary>Says what happened in the cluster.</summary>
internal static class HistoryCommand
{
    private static readonly string[] Heads = ["When", "Epoch", "What", "Took", "Why"];

    public static Command Create(CommonOptions common, Terminal terminal)
    {
        var command = new Command("history", "Says what happened in the cluster, the newest last.");
        common.AddTo(command);
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                using var client = common.Client(parsed, terminal);
                var history = await common
                    .Group(parsed, terminal, client)
                    .GetAsync("history", FaceJson.Default.HistoryStatus, cancellationToken)
                    .ConfigureAwait(false);
                if (common.Format.Of(parsed) == OutputFormat.Json)
                {
                    await terminal.Output.WriteLineAsync(CommandJson.Text(history)).ConfigureAwait(false);
                    return ExitCode.Done;
                }

                var page = new Page(terminal);
                page.Text(
                    $"Cluster {history.Cluster}: "
                        + (
                            history.Events.Count == 0
                                ? "nothing has happened yet."
                                : $"its last {history.Events.Count} events"
                        ),
                    isBold: true
                );
                if (history.Events.Count > 0)
                {
                    page.Table(Heads, history.Events.Select(Row));
                }

                await page.WriteAsync(terminal.Output).ConfigureAwait(false);
                return ExitCode.Done;
            }
        );
        return command;
    }

    private static (string, Color?)[] Row(HistoryLine line) =>
        [
            (Words.Time(line.At), null),
            (line.Epoch.ToString(CultureInfo.InvariantCulture), null),
            (
                Sentence(line) + (line.LacksNewerData ? ", without newer data that is known to exist" : ""),
                line.LacksNewerData ? Color.Red : null
            ),
            (
                line.DurationMilliseconds is { } duration ? Words.Duration(TimeSpan.FromMilliseconds(duration)) : "-",
                null
            ),
            (line.Why ?? "-", null),
        ];

    private static string Sentence(HistoryLine line) =>
        line.What switch
        {
            EventKind.Failover => $"{line.To} became master by a failover{From(line)}",
            EventKind.Regain => $"{line.To} took its lease again",
            EventKind.Switch => $"{line.To} became master by a planned switch{From(line)}",
            EventKind.TakeBack => $"{line.To} took back the lease that it had handed over",
            EventKind.GivenUp => $"{line.From ?? line.To} released its lease, or gave up a change",
            EventKind.SwitchAsked => $"an operator asked for a switch to {line.To}",
            EventKind.FailoverAsked => "an operator asked for a failover",
            EventKind.Retracted => "a switch was retracted",
            EventKind.Unmerged => $"{line.To} was found with data that the master may lack",
            EventKind.Merged => $"what only {line.To} had was merged into the master",
            EventKind.ReturnAsked => $"{line.From} began the way back to {line.To}",
            EventKind.Settled => $"{line.To} follows the master again",
            EventKind.Discarded => $"an operator discarded the data of {line.To}",
            EventKind.Forgotten => $"an operator had {line.To} forgotten",
            EventKind.Adopted => "an operator adopted the members of an agent's settings"
                + (line.To is { } added ? $": {added} is new" : ""),
            EventKind.ReinitAsked => $"an operator asked to replace all data of {line.To}",
            EventKind.Reinitialized => $"all data of {line.To} was replaced",
            EventKind.EpochRaised => "an operator raised the epochs of a coordination store that was lost",
            EventKind.MaintenanceOn => "maintenance was switched on",
            EventKind.MaintenanceOff => "maintenance was switched off",
            _ => $"{line.What} {line.To}".TrimEnd(),
        };

    private static string From(HistoryLine line) => line.From is { } from ? $", after {from}" : "";
}
