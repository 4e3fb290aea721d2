using System.Globalization;
using ClusterSession.Cli.Output;
using ClusterSession.Cli.Shell;
using ClusterSession.Cli.Verdicts;
using ClusterSession.Failover.Face;

namespace ClusterSession.Cli.Commands;

/// <summary>Says what became of a command, and gives the exit code for it.</summary>
internal sealed class CommandPrinter(Terminal terminal, OutputFormat format, CommandRequest request)
{
    /// <summary>A plan, which nothing was done of.</summary>
    /// <param name="answer">What the agent answered.</param>
    /// <param name="command">The command that does it.</param>
    public async Task<int> PlannedAsync(CommandAnswer answer, string command)
    {
        var code = await WriteAsync(
                answer,
                Report(CommandOutcome.Planned, ExitCode.Done),
                "Planned only: nothing was done. To do it:"
            )
            .ConfigureAwait(false);
        if (format == OutputFormat.Text)
        {
            // In one line of whatever length, to be copied.
            await terminal.Output.WriteLineAsync($"  {command}").ConfigureAwait(false);
        }

        return code;
    }

    public Task<int> AcceptedAsync(CommandAnswer answer) =>
        WriteAsync(
            answer,
            Report(CommandOutcome.Accepted, ExitCode.Done),
            $"Accepted: the agents do it now. How far it is: {Words.Command} status"
        );

    public Task<int> RefusedAsync(CommandAnswer answer)
    {
        var refusal = answer.Refusal ?? new CommandRefusal("The agent refused it without a reason.", "See its log.");
        return WriteAsync(
            answer,
            Report(CommandOutcome.Refused, ExitCode.Refused) with
            {
                Reason = refusal.Reason,
                Remedy = refusal.Remedy,
            },
            $"Refused: {refusal.Reason}"
        );
    }

    public Task<int> NotConfirmedAsync(CommandAnswer answer, bool wasAsked) =>
        WriteAsync(
            wasAsked ? answer with { Plan = null } : answer,
            Report(CommandOutcome.NotConfirmed, ExitCode.NotConfirmed) with
            {
                Reason = wasAsked ? "It was not confirmed." : "There is no terminal to ask for confirmation.",
                Remedy = wasAsked ? null : "Give --yes to do it without being asked.",
            },
            wasAsked ? "Nothing was done." : "Nothing was done: there is no terminal to ask for confirmation."
        );

    public Task<int> WaitedAsync(CommandAnswer answer, WaitResult result, TimeSpan elapsed)
    {
        var took = Words.Duration(elapsed);
        var (outcome, code, line, reason, remedy) = result switch
        {
            { IsAsAsked: true } => (
                CommandOutcome.Done,
                ExitCode.Done,
                $"Done in {took}: {result.Master} is the master.",
                null,
                null
            ),
            { IsOver: true } => (
                CommandOutcome.Failed,
                ExitCode.Failed,
                $"Not done: after {took} {result.Master} is the master{Not()}.",
                $"{result.Master} is the master{Not()}.",
                $"See why: {Words.Command} history"
            ),
            _ => (
                CommandOutcome.NotYet,
                ExitCode.NotYet,
                $"Accepted, and not done within {took}: {result.State}",
                result.State,
                $"See how far it is: {Words.Command} status"
            ),
        };
        return WriteAsync(
            answer,
            Report(outcome, code) with
            {
                Reason = reason,
                Remedy = remedy,
                ElapsedMilliseconds = (long)elapsed.TotalMilliseconds,
            },
            line
        );
    }

    /// <summary>The steps and warnings.</summary>
    public async Task ShowPlanAsync(CommandAnswer answer, TextWriter writer)
    {
        var page = new Page(terminal);
        if (AddPlan(page, answer))
        {
            await page.WriteAsync(writer).ConfigureAwait(false);
        }
    }

    private async Task<int> WriteAsync(CommandAnswer answer, CommandReport report, string line)
    {
        if (format == OutputFormat.Json)
        {
            await terminal
                .Output.WriteLineAsync(
                    CommandJson.Text(
                        report with
                        {
                            Steps = answer.Plan?.Steps ?? [],
                            Warnings = answer.Plan?.Warnings ?? [],
                            Notes = answer.Plan?.Notes ?? [],
                        }
                    )
                )
                .ConfigureAwait(false);
            return report.ExitCode;
        }

        var page = new Page(terminal);
        if (AddPlan(page, answer))
        {
            page.Blank();
        }

        page.Text(line, report.ExitCode == ExitCode.Done ? Spectre.Console.Color.Green : Spectre.Console.Color.Red);
        if (report.Remedy is { } remedy)
        {
            page.Pairs([("To do", remedy)]);
        }

        await page.WriteAsync(terminal.Output).ConfigureAwait(false);
        return report.ExitCode;
    }

    private bool AddPlan(Page page, CommandAnswer answer)
    {
        if (answer.Plan is not { } plan)
        {
            return false;
        }

        page.Text($"Plan of: {CommandLine.Of(request)}", isBold: true);
        page.Pairs(plan.Steps.Select((step, i) => ((i + 1).ToString(CultureInfo.InvariantCulture) + ".", step)));
        foreach (var note in plan.Notes ?? [])
        {
            page.Text($"Note: {note}");
        }

        foreach (var warning in plan.Warnings)
        {
            page.Text($"Warning: {warning}", Spectre.Console.Color.Yellow);
        }

        return true;
    }

    private string Not() => request.Member is { } member ? $", not {member}" : " as before";

    private CommandReport Report(CommandOutcome outcome, int code) =>
        new()
        {
            Command = request.Command,
            Member = request.Member,
            Outcome = outcome,
            ExitCode = code,
        };
}
