using System.Globalization;
using ClusterSession.Redis;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Protocol;
using ClusterSession.Redis.Topology.Sentinel;
using ClusterSession.Transport.Pipelines;

namespace ClusterSession.Cli.Sentinels;

/// <summary>
/// Asks all Sentinels at once which master is to be merged into, and whether it is the master for
/// good.
/// </summary>
/// <remarks>
/// A majority of the Sentinels that the settings name has to answer. A Sentinel that was cut off
/// names the former master, and that Redis would be started without a merge. Among the answers the
/// newest configuration counts, as for nodes (<see cref="SentinelView"/>): the master of an older
/// configuration is deposed, though most Sentinels may still have that configuration. The watcher
/// has another rule (<c>SiteFacts</c>): a majority under one configuration. Two such majorities
/// exclude each other. A merge does not need that: it needs the master into which nodes write next.
/// </remarks>
/// <param name="options">The Sentinels, and the name of the master.</param>
/// <param name="own">The Redis of this host.</param>
/// <param name="time">The clock.</param>
internal sealed class MasterLookout(RedisOptions options, RedisEndpoint own, TimeProvider time)
{
    private readonly RedisConnector _connector = new(
        options.ForSentinels(),
        time,
        null,
        new RedisHandshakeOptions(RequiredRole: RedisRole.Sentinel)
    );

    public async Task<MasterSight> LookAsync(CancellationToken cancellation)
    {
        var asked = options.Endpoints.Select(one => AskAsync(one, cancellation)).ToArray();
        var view = new SentinelView();
        var (longest, trouble) = (TimeSpan.Zero, "");
        List<SentinelAnswer> answers = [];
        foreach (
            var (sentinel, (answer, away, why)) in options.Endpoints.Zip(
                await Task.WhenAll(asked).ConfigureAwait(false)
            )
        )
        {
            if (answer is not null)
            {
                view.Report(sentinel, answer);
                answers.Add(answer);
            }

            longest = away > longest ? away : longest;
            trouble = trouble.Length > 0 ? trouble : why;
        }

        return new MasterSight(
            view.Answered > options.Endpoints.Count / 2,
            view.Master,
            view.Epoch,
            // A Sentinel that is still finishing a failover does not list this Redis as a replica,
            // and cannot say how long it was away.
            view.IsFailingOver || answers.Any(answer => answer.IsFinishing && answer.Epoch == view.Epoch),
            view.Replicas.Any(one => one != own),
            longest,
            trouble
        );
    }

    /// <summary>Null and why: it is not responding, or refuses.</summary>
    private async Task<(SentinelAnswer? Answer, TimeSpan Away, string Why)> AskAsync(
        RedisEndpoint sentinel,
        CancellationToken cancellation
    )
    {
        try
        {
            await using var connection = await _connector.ConnectAsync(sentinel, cancellation).ConfigureAwait(false);
            var answer = await SentinelQuestion.AskAsync(connection, options.ServiceName!).ConfigureAwait(false);
            return answer.Master is null
                ? (answer, TimeSpan.Zero, "")
                : (answer, await AwayAsync(connection).ConfigureAwait(false), "");
        }
        catch (Exception failure) when (failure is ConnectionException or RedisServerException)
        {
            return (null, TimeSpan.Zero, failure.Message);
        }
    }

    /// <summary>
    /// How long the Redis of this host has not answered the Sentinel that is asked, by the clock of
    /// that Sentinel: the clock of a host that returns may show any time. Zero: it does not know.
    /// </summary>
    private async Task<TimeSpan> AwayAsync(RedisConnection connection)
    {
        var replicas = await connection
            .SendAsync(new RedisCommand("SENTINEL", "REPLICAS", options.ServiceName!))
            .ConfigureAwait(false);
        foreach (var replica in replicas.Items)
        {
            if (
                replica["ip"]?.AsString() == own.Host
                && replica["port"]?.AsString() == own.Port.ToString(CultureInfo.InvariantCulture)
                && long.TryParse(
                    replica["last-ok-ping-reply"]?.AsString(),
                    NumberStyles.None,
                    CultureInfo.InvariantCulture,
                    out var silent
                )
            )
            {
                return TimeSpan.FromMilliseconds(silent);
            }
        }

        return TimeSpan.Zero;
    }
}
