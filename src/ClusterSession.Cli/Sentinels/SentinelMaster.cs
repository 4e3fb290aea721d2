using ClusterSession.Cli.Merging;
using ClusterSession.Cli.Shell;
using ClusterSession.Failover.Control;
using ClusterSession.Redis;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Merging;
using ClusterSession.Transport.Pipelines;

namespace ClusterSession.Cli.Sentinels;

/// <summary>The master that the Sentinels name, as the target of a merge.</summary>
/// <param name="settings">The user, and how old what is merged may be.</param>
/// <param name="terminal">Hears how far the merge is.</param>
internal sealed class SentinelMaster(SentinelMergeSettings settings, Terminal terminal)
{
    /// <summary>Why the last question or merge did not succeed.</summary>
    public string Trouble { get; private set; } = "";

    /// <summary>The process that is master there; null: none is, or it is not responding.</summary>
    public async Task<string?> RunIdAsync(RedisEndpoint master, CancellationToken cancellation)
    {
        var connector = new RedisConnector(
            At(master),
            terminal.Time,
            null,
            new RedisHandshakeOptions(RequiredRole: RedisRole.Master)
        );
        try
        {
            await using var made = await connector.ConnectAsync(master, cancellation).ConfigureAwait(false);
            return made.Server.RunId;
        }
        catch (ConnectionException failure)
        {
            Trouble = failure.Message;
            return null;
        }
    }

    /// <summary>
    /// Merges what the Redis of this host has into the master. Null: the merge is not complete, and
    /// has to be tried again.
    /// </summary>
    /// <param name="source">The Redis of this host.</param>
    /// <param name="sight">What the Sentinels said.</param>
    /// <param name="age">How long ago its data was written last, by this host's clock.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<MergeReport?> MergeAsync(
        RedisOptions source,
        MasterSight sight,
        TimeSpan age,
        CancellationToken cancellation
    )
    {
        var master = sight.Master!.Value;
        var (store, tombstone) = SessionLives.Of(settings.IdleTimeout, settings.TicketLife);
        var wanted = new MergeSettings
        {
            KeyPrefix = settings.KeyPrefix,
            // The clock of this host may be behind, and the Sentinels may have been started since.
            Bounds = new MergeBounds(sight.Away > age ? sight.Away : age, store, tombstone),
            Replicas = sight.HasReplica ? 1 : 0,
        };
        var lines = new MergeProgressLines(terminal, $"{master}");
        try
        {
            var report = await RedisMerge
                .RunAsync(
                    new MergeSource(source),
                    new MergeTarget(At(master)),
                    wanted,
                    lines,
                    terminal.Time,
                    cancellation
                )
                .ConfigureAwait(false);
            if (report.Replicas >= wanted.Replicas)
            {
                return report;
            }

            Trouble = $"No replica of {master} has all of it.";
        }
        catch (Exception failure) when (failure is MergeRefusedException or MergeInterruptedException)
        {
            Trouble = failure.Message;
        }
        finally
        {
            lines.End();
        }

        return null;
    }

    private RedisOptions At(RedisEndpoint master)
    {
        var options = settings.Redis.Snapshot();
        (options.ServiceName, options.SentinelUser) = (null, null);
        (options.SentinelPassword, options.SentinelTls) = (null, null);
        options.Endpoints.Clear();
        options.Endpoints.Add(master);
        return options;
    }
}
