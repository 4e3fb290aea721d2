using System.Globalization;
using ClusterSession.Failover.Agents;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Sights;
using ClusterSession.Redis;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Connection.Fencing;
using ClusterSession.Redis.Merging;
using ClusterSession.Redis.Protocol;
using ClusterSession.Transport.Pipelines;

namespace ClusterSession.Failover.Control;

/// <summary>
/// Merges the Redis beside the agent into the master, over connections of its own.
/// </summary>
/// <param name="source">The Redis beside the agent.</param>
/// <param name="settings">User, password, times, and how long a store keeps what.</param>
/// <param name="time">The clock of durations.</param>
internal sealed class MemberMerge(RedisEndpoint source, ControlSettings settings, TimeProvider time)
{
    public async Task<MergeOutcome> RunAsync(
        ClusterMember target,
        Tenure tenure,
        MergeTerms terms,
        IProgress<MemberMergeCounts> progress,
        CancellationToken cancellation
    )
    {
        var (host, port) = MemberAddress.Parse(target.Redis);
        var endpoint = new RedisEndpoint(host, int.Parse(port, CultureInfo.InvariantCulture));
        try
        {
            var bounds = new MergeBounds(
                await AwayAsync(endpoint, terms.Since, cancellation).ConfigureAwait(false),
                settings.SessionLife,
                settings.TombstoneLife
            );
            var report = await RedisMerge
                .RunAsync(
                    new MergeSource(ConnectionTo(source)),
                    new MergeTarget(ConnectionTo(endpoint), tenure),
                    new MergeSettings
                    {
                        KeyPrefix = settings.KeyPrefix,
                        Bounds = bounds,
                        Replicas = terms.Replicas,
                    },
                    new Teller(progress),
                    time,
                    cancellation
                )
                .ConfigureAwait(false);
            return new MergeOutcome.Merged(Counted(report, report.Scanned), report.Replicas);
        }
        catch (Exception e)
            when (e
                    is MergeRefusedException
                        or MergeInterruptedException
                        or ConnectionException
                        or RedisServerException
                        or RespProtocolException
                        or RedisUnreadableReplyException
                        or FormatException
            )
        {
            return new MergeOutcome.Failed(e.Message);
        }
    }

    private static MemberMergeCounts Counted(MergeReport report, long of) =>
        new(report.Scanned, of, report.Written, report.Bytes)
        {
            Foreign = report.ForeignKeys,
            ForeignNames = report.ForeignNames,
            LeftOut = report.LeftOut,
        };

    /// <summary>By the master's clock: that of a host that returns may show any time.</summary>
    private async Task<TimeSpan> AwayAsync(RedisEndpoint endpoint, DateTimeOffset since, CancellationToken cancellation)
    {
        await using var link = new AdminLink(endpoint, settings, time);
        var connection = await link.GetAsync(cancellation).ConfigureAwait(false);
        var now = await connection.SendAsync(new RedisCommand("TIME")).ConfigureAwait(false);
        var seconds = long.Parse(now[0].AsString(), CultureInfo.InvariantCulture);
        var away = DateTimeOffset.FromUnixTimeSeconds(seconds) - since;
        return away > TimeSpan.Zero ? away : TimeSpan.Zero;
    }

    private RedisOptions ConnectionTo(RedisEndpoint endpoint)
    {
        var options = settings.Connection.Snapshot();
        options.Endpoints.Clear();
        options.Endpoints.Add(endpoint);
        options.ConnectTimeout = settings.ConnectTimeout;
        return options;
    }

    private sealed class Teller(IProgress<MemberMergeCounts> progress) : IProgress<MergeProgress>
    {
        public void Report(MergeProgress value) => progress.Report(Counted(value.SoFar, value.Expected));
    }
}
