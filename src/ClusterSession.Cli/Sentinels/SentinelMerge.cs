using System.Globalization;
using ClusterSession.Cli.Shell;
using ClusterSession.Cli.Verdicts;
using ClusterSession.Failover.Control;
using ClusterSession.Redis;
using ClusterSession.Redis.Merging;

namespace ClusterSession.Cli.Sentinels;

/// <summary>
/// Merges what only the Redis of this host has into the present master, before its unit starts it.
/// </summary>
/// <remarks>
/// Sentinel turns a master that returns into a replica within about ten seconds, and that wipes it.
/// No Sentinel sees it until its port is open:
/// <code>
/// 1 no data: start
/// 2 ask the Sentinels until a majority answers
///     no master known, or this one and nobody replaces it: start
///     the master is down and after FailoverWait there is no other: start
/// 3 start it closed (ClosedRedis), merge it into the master
/// 4 ask again: another master, another process, or a failover: from 2 on, and merge anew
/// 5 copy the file aside, end it: start
/// </code>
/// Nothing is kept between two runs: whatever ends one, the next one does all of it anew, and a
/// merge that finds nothing writes nothing. Sentinel has no lease, so nothing fences the writes:
/// the second look and a replica that has all of it stand in for that.
/// </remarks>
/// <param name="settings">The settings.</param>
/// <param name="terminal">Shows how far the merge is.</param>
/// <param name="tell">Hears what is waited for.</param>
internal sealed class SentinelMerge(SentinelMergeSettings settings, Terminal terminal, Action<string> tell)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(10);

    private readonly SentinelMaster _master = new(settings, terminal);
    private readonly MasterLookout _lookout = new(settings.Redis, settings.Own, terminal.Time);
    private string _told = "";

    /// <summary>Until it may start, or may not.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task<SentinelMergeResult> RunAsync(CancellationToken cancellation)
    {
        ClosedRedis? source = null;
        using var limit = new CancellationTokenSource(settings.TimeLimit, terminal.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            var data = RedisDataFiles.Of(settings.ConfigFile);
            if (data.Files.Count == 0)
            {
                return May($"Nothing to merge: there is no data in {data.Directory}.");
            }

            var wait = new SentinelWait(settings, _lookout, _master, terminal.Time, Tell);
            var (sight, start) = await wait.DecidedAsync(either.Token).ConfigureAwait(false);
            if (start is not null)
            {
                return May(start);
            }

            Tell($"Loads the data, closed, to merge it into {sight.Master}.");
            limit.CancelAfter(Timeout.InfiniteTimeSpan);
            source = await ClosedRedis
                .StartAsync(settings.Program, data, terminal.Time, cancellation)
                .ConfigureAwait(false);
            limit.CancelAfter(settings.TimeLimit);
            return await MergeAsync(source, data, sight, wait, either.Token).ConfigureAwait(false);
        }
        catch (IOException failure)
        {
            return await RefusedAsync(source, failure.Message, cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            var why = string.Create(
                CultureInfo.InvariantCulture,
                $"It was not done within {settings.TimeLimit.TotalSeconds:0.#} s. {_told}"
            );
            return await RefusedAsync(source, why, cancellation).ConfigureAwait(false);
        }
        finally
        {
            if (source is not null)
            {
                await source.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private static SentinelMergeResult May(string sentence) => new(true, sentence);

    private async Task<SentinelMergeResult> MergeAsync(
        ClosedRedis source,
        RedisDataFiles data,
        MasterSight sight,
        SentinelWait wait,
        CancellationToken cancellation
    )
    {
        var from = source.Connection.Snapshot();
        from.Database = settings.Redis.Database;
        while (true)
        {
            var age = data.Age(terminal.Time);
            if (await _master.MergeAsync(from, sight, age, cancellation).ConfigureAwait(false) is not { } report)
            {
                Tell($"Merges once more: {_master.Trouble}");
            }
            else
            {
                var after = await _lookout.LookAsync(cancellation).ConfigureAwait(false);
                if (
                    after is { IsMajority: true, IsFailingOver: false }
                    && (after.Master, after.Epoch) == (sight.Master, sight.Epoch)
                    && await _master.RunIdAsync(sight.Master!.Value, cancellation).ConfigureAwait(false)
                        == report.TargetRunId
                )
                {
                    var copy = await CopyAsync(source, sight.Epoch, cancellation).ConfigureAwait(false);
                    return May($"{Sentence(report, sight.Master.Value)} The data before that is in {copy}.");
                }

                Tell($"Merges once more: {sight.Master} may not be the master any more.");
            }

            await Task.Delay(Pause, terminal.Time, cancellation).ConfigureAwait(false);
            (sight, var start) = await wait.DecidedAsync(cancellation).ConfigureAwait(false);
            if (start is not null)
            {
                var copy = await CopyAsync(source, sight.Epoch, cancellation).ConfigureAwait(false);
                return May($"{start} The data is in {copy} too.");
            }
        }
    }

    private async Task<string> CopyAsync(ClosedRedis source, long epoch, CancellationToken cancellation)
    {
        var control = new ControlSettings
        {
            Connection = source.Connection,
            KeyPrefix = settings.KeyPrefix,
            Secret = "",
            Silence = Silence,
            ClientName = "cluster-session-merge",
        };
        await new SetAside(source.Endpoint, control, terminal.Time).RunAsync(epoch, cancellation).ConfigureAwait(false);
        return SetAside.NameOf(epoch);
    }

    /// <summary>It may not start, unless the settings say so.</summary>
    private async Task<SentinelMergeResult> RefusedAsync(
        ClosedRedis? source,
        string why,
        CancellationToken cancellation
    )
    {
        if (!settings.StartUnmerged)
        {
            return new SentinelMergeResult(false, why);
        }

        var copy = "";
        try
        {
            copy = source is null
                ? ""
                : $" Its data is in {await CopyAsync(source, 0, cancellation).ConfigureAwait(false)}.";
        }
        catch (IOException failure)
        {
            copy = $" No copy of its data was made: {failure.Message}";
        }

        return May($"{why} It starts unmerged, as StartUnmerged says, and Sentinel will wipe what only it has.{copy}");
    }

    private static string Sentence(MergeReport report, RedisEndpoint master) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{report.Scanned:N0} sessions were compared, and {report.Written:N0} records and elements of documents "
                + $"were written into {master} in {Words.Duration(report.Duration)}; {report.ForeignKeys:N0} keys of "
                + $"others and {report.LeftOut:N0} records, damaged or not taken by the master, were not merged."
        );

    /// <summary>What is waited for is said once.</summary>
    private void Tell(string sentence)
    {
        if (sentence != _told)
        {
            _told = sentence;
            tell(sentence);
        }
    }
}
