using System.Globalization;
using ClusterSession.Cli.Shell;
using ClusterSession.Cli.Verdicts;
using ClusterSession.Redis.Merging;

namespace ClusterSession.Cli.Merging;

/// <summary>
/// Says on the error output what will not be merged, before anything is written, and how far it is.
/// </summary>
internal sealed class MergeProgressLines(Terminal terminal, string target) : IProgress<MergeProgress>
{
    private static readonly TimeSpan Repeat = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Rewrite = TimeSpan.FromMilliseconds(200);

    private TimeSpan _next = Rewrite;
    private int _written;

    public void Report(MergeProgress value)
    {
        if (value.Phase == MergePhase.Documents)
        {
            if (Foreign(value.SoFar) is { } sentence)
            {
                terminal.Error.WriteLine(sentence);
            }
        }
        else if (value.Phase != MergePhase.Done && value.SoFar.Duration >= _next)
        {
            _next = value.SoFar.Duration + (terminal.CanRewrite ? Rewrite : Repeat);
            Show(Line(value, target));
        }
    }

    /// <summary>Removes the line.</summary>
    public void End()
    {
        if (_written > 0)
        {
            terminal.Error.Write("\r" + new string(' ', _written) + "\r");
            _written = 0;
        }
    }

    /// <summary>What is not merged, as sentences; null: nothing.</summary>
    public static string? Foreign(MergeReport report) =>
        report.ForeignKeys == 0
            ? null
            : string.Create(
                CultureInfo.InvariantCulture,
                $"Not merged: {report.ForeignKeys:N0} {(report.ForeignKeys == 1 ? "key" : "keys")} of the source "
                    + $"that other applications have written, such as {Words.List(report.ForeignNames)}."
            );

    /// <summary>How far it is.</summary>
    public static string Line(MergeProgress progress, string target) =>
        progress.Phase == MergePhase.Replicas
            ? $"Waiting for replicas of {target}"
            : string.Create(
                CultureInfo.InvariantCulture,
                $"Merging into {target}: {progress.SoFar.Scanned:N0} of about {progress.Expected:N0} sessions "
                    + $"compared, {progress.SoFar.Written:N0} records written"
            );

    private void Show(string line)
    {
        if (!terminal.CanRewrite)
        {
            terminal.Error.WriteLine(line);
            return;
        }

        line = line[..Math.Min(line.Length, Math.Max(1, terminal.Width - 1))];
        terminal.Error.Write("\r" + line.PadRight(_written));
        terminal.Error.Flush();
        _written = line.Length;
    }
}
