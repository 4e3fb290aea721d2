using System.Globalization;
using ClusterSession.Cli.Output;
using ClusterSession.Cli.Shell;
using ClusterSession.Cli.Verdicts;
using ClusterSession.Redis.Merging;
using Spectre.Console;

namespace ClusterSession.Cli.Merging;

/// <summary>Makes text and JSON of what a merge has done. Pure.</summary>
internal sealed class MergeText(string source, string target, MergeSettings settings)
{
    private static readonly TimeSpan NotableSkew = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long the store keeps a session of this idle timeout: ClusterSessionOptions.StoreLife by
    /// its defaults.
    /// </summary>
    public static TimeSpan StoreLife(TimeSpan idle)
    {
        var touch = idle / 10 < TimeSpan.FromMinutes(1) ? idle / 10 : TimeSpan.FromMinutes(1);
        return idle + (touch * 1.25) + TimeSpan.FromMinutes(1);
    }

    /// <summary>What the tool ends with.</summary>
    public int ExitCodeOf(MergeReport report) => IsShort(report) ? ExitCode.Failed : ExitCode.Done;

    public void Write(Page page, MergeReport report)
    {
        page.Text(
            settings.IsDryRun
                ? $"{source} was compared with {target} in {Words.Duration(report.Duration)}. Nothing was written."
                : $"{source} was merged into {target} in {Words.Duration(report.Duration)}.",
            isBold: true
        );
        page.Pairs(
            Counts(report)
                .Select(static count =>
                    (count.Label, $"{count.Number.ToString("N0", CultureInfo.InvariantCulture), 11}  {count.Meaning}")
                )
        );
        foreach (var (note, isWarning) in Notes(report))
        {
            page.Text(note, isWarning ? Color.Yellow : null);
        }
    }

    public MergeOutput Json(MergeReport report) =>
        new()
        {
            Outcome =
                settings.IsDryRun ? CommandOutcome.Planned
                : IsShort(report) ? CommandOutcome.Failed
                : CommandOutcome.Done,
            ExitCode = ExitCodeOf(report),
            From = source,
            Into = target,
            Scanned = report.Scanned,
            Same = report.Same,
            Merged = report.Merged,
            New = report.New,
            Ended = report.Ended,
            Prolonged = report.Prolonged,
            SkippedEnded = report.SkippedEnded,
            SkippedExpired = report.SkippedExpired,
            LeftOut = report.LeftOut,
            Documents = report.Elements,
            ForeignKeys = report.ForeignKeys,
            ForeignNames = report.ForeignNames,
            Bytes = report.Bytes,
            Replicas = report.Replicas,
            TargetEpoch = report.TargetEpoch == 0 ? null : report.TargetEpoch,
            ClockAheadMilliseconds = (long)report.ClockAhead.TotalMilliseconds,
            ElapsedMilliseconds = (long)report.Duration.TotalMilliseconds,
            Notes = [.. Notes(report).Select(static note => note.Text)],
        };

    private bool IsShort(MergeReport report) => !settings.IsDryRun && report.Replicas < settings.Replicas;

    private static IEnumerable<(string Label, long Number, string Meaning)> Counts(MergeReport report) =>
        [
            ("Compared", report.Scanned, "sessions of the source, ended ones included"),
            ("Same", report.Same, "the target had all of it"),
            ("Merged", report.Merged, "the target had the session and lacked something of it"),
            ("New", report.New, "the target had no such session"),
            ("Ended", report.Ended, "had ended at the source only"),
            ("Prolonged", report.Prolonged, "the source had seen a later use"),
            ("Kept ended", report.SkippedEnded, "had ended at the target"),
            ("Expired", report.SkippedExpired, "are over, or may be"),
            ("Left out", report.LeftOut, "damaged, or not taken by the target"),
            ("Elements", report.Elements, "of documents: keys of cookies, revocations, ends"),
        ];

    private IEnumerable<(string Text, bool IsWarning)> Notes(MergeReport report)
    {
        if (report is { Scanned: 0, Elements: 0 })
        {
            yield return (
                $"{source} has no session whose key begins with '{settings.KeyPrefix}:1:'. If it should have some, see "
                    + "that --prefix is ClusterSession:KeyPrefix of the application, and which database is meant.",
                true
            );
        }

        if (MergeProgressLines.Foreign(report) is { } foreign)
        {
            yield return (foreign, true);
        }

        if (IsShort(report))
        {
            yield return ($"Only {report.Replicas} of {settings.Replicas} replicas of {target} have all of it.", true);
        }
        else if (settings is { Replicas: > 0, IsDryRun: false })
        {
            yield return ($"{report.Replicas} replicas of {target} have all of it.", false);
        }

        if (report.ClockAhead.Duration() >= NotableSkew)
        {
            yield return (
                $"The clock of {source} is {Words.Duration(report.ClockAhead.Duration())} "
                    + $"{(report.ClockAhead > TimeSpan.Zero ? "ahead of" : "behind")} that of {target}: "
                    + "sessions that are over by either of them count as expired.",
                true
            );
        }

        if (settings.Bounds is { } bounds && bounds.Away >= bounds.StoreLife)
        {
            yield return ("The source was away for longer than a session lives: none was merged.", true);
            if (bounds.Away >= bounds.TombstoneLife)
            {
                yield return (
                    "It was away for longer than an end is remembered: no logins, revocations or keys of cookies were "
                        + "merged, and no ends of sessions that the target has not got.",
                    true
                );
            }
        }
    }
}
