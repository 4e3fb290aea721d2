using ClusterSession.Cli.Shell;
using ClusterSession.Failover.Face;

namespace ClusterSession.Cli.Commands;

/// <summary>Shows a plan to a person and asks.</summary>
internal sealed class Confirmation(Terminal terminal)
{
    /// <summary>Whether it may be done. Where nobody can be asked, it may not.</summary>
    public async Task<bool> AskAsync(CommandPrinter printer, CommandAnswer plan, CancellationToken cancellationToken)
    {
        if (!terminal.CanAsk)
        {
            return false;
        }

        await printer.ShowPlanAsync(plan, terminal.Error).ConfigureAwait(false);
        await terminal.Error.WriteAsync("Do this? [y/N] ").ConfigureAwait(false);
        await terminal.Error.FlushAsync(cancellationToken).ConfigureAwait(false);
        var answer = await terminal.Input.ReadLineAsync(cancellationToken).ConfigureAwait(false);
        return answer?.Trim().ToUpperInvariant() is "Y" or "YES";
    }
}
