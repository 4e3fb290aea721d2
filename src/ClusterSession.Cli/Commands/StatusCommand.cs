using System.CommandLine;
using ClusterSession.Cli.Agents;
using ClusterSession.Cli.Output;
using ClusterSession.Cli.Shell;
using ClusterSession.Cli.Verdicts;

namespace ClusterSession.Cli.Commands;

/// <summary>Says how the cluster is.</summary>
internal static class StatusCommand
{
    public static Command Create(CommonOptions common, Terminal terminal)
    {
        var command = new Command(
            "status",
            "Says who is the master, who follows, what is wrong and what to do. Exit code: 0 healthy, 5 no "
                + "master, 6 something needs attention, 4 no agent responding."
        );
        common.AddTo(command);
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                using var client = common.Client(parsed, terminal);
                var views = await common
                    .Group(parsed, terminal, client)
                    .LookAsync(cancellationToken)
                    .ConfigureAwait(false);
                return await WriteAsync(views, common.Format.Of(parsed), terminal).ConfigureAwait(false);
            }
        );
        return command;
    }

    private static async Task<int> WriteAsync(IReadOnlyList<AgentView> views, OutputFormat format, Terminal terminal)
    {
        var status = AgentGroup.Best(views);
        var verdict = status is null ? ClusterVerdict.OfNobody(views) : ClusterVerdict.Of(status, views);
        if (format == OutputFormat.Json)
        {
            var asked = views.Select(view => new AskedAgent(view.Name, view.Status is not null, view.Problem));
            await terminal
                .Output.WriteLineAsync(CommandJson.Text(new StatusReport(verdict, [.. asked], status)))
                .ConfigureAwait(false);
            return verdict.ExitCode;
        }

        var page = new Page(terminal);
        var content = new StatusPage(page);
        if (status is null)
        {
            content.Add(verdict);
        }
        else
        {
            content.Add(verdict, status);
        }

        await page.WriteAsync(terminal.Output).ConfigureAwait(false);
        return verdict.ExitCode;
    }
}
