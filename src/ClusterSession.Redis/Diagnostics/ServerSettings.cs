using System.Collections.Concurrent;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Protocol;
using ClusterSession.Transport.Pipelines;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Redis.Diagnostics;

/// <summary>
/// Warns of settings under which sessions are lost, as far as the user may see them; each once per
/// start of the server. Thread-safe.
/// </summary>
internal sealed class ServerSettings(ILogger logger, ServerLimits limits, bool hasLease)
{
    // A list of holes would be out of date before it is read; this much is certain: what is older
    // is not maintained any more, or not updated.
    private static readonly Version Recent = new(7, 0, 15);

    private const string FullCoverage = "cluster-require-full-coverage";

    private readonly ConcurrentDictionary<string, byte> _seen = new();

    /// <summary>
    /// Asks the server, and logs. Never fails: a connection that is lost meanwhile is no matter.
    /// </summary>
    public async Task CheckAsync(RedisConnection connection)
    {
        if (!_seen.TryAdd(connection.Server.RunId, 0))
        {
            return;
        }

        try
        {
            var memory = connection.SendAsync(new RedisCommand("INFO", "memory")).AsTask();
            var persistence = connection.SendAsync(new RedisCommand("INFO", "persistence")).AsTask();
            var replication = connection.SendAsync(new RedisCommand("INFO", "replication")).AsTask();
            var saves = connection.SendAsync(new RedisCommand("CONFIG", "GET", "save")).AsTask();
            if (connection.Server.Mode == RedisServerIdentity.ClusterMode)
            {
                var coverage = connection.SendAsync(new RedisCommand("CONFIG", "GET", FullCoverage)).AsTask();
                if ((await TakeAsync(coverage).ConfigureAwait(false))?[FullCoverage]?.AsString() == "yes")
                {
                    logger.NeedsAllShards(connection.Endpoint);
                }
            }

            if (await TakeAsync(saves).ConfigureAwait(false) is null)
            {
                limits.Say(connection, RefusedCommand.Config);
            }

            Warn(
                connection,
                RedisHandshake.ParseInfo(await TakeAsync(memory).ConfigureAwait(false)),
                RedisHandshake.ParseInfo(await TakeAsync(persistence).ConfigureAwait(false)),
                RedisHandshake.ParseInfo(await TakeAsync(replication).ConfigureAwait(false)),
                (await TakeAsync(saves).ConfigureAwait(false))?["save"]?.AsString()
            );
        }
        catch (ConnectionException)
        {
            _seen.TryRemove(connection.Server.RunId, out _);
        }
    }

    private void Warn(
        RedisConnection connection,
        Dictionary<string, string> memory,
        Dictionary<string, string> persistence,
        Dictionary<string, string> replication,
        string? saves
    )
    {
        if (
            memory.GetValueOrDefault("maxmemory", "0") != "0"
            && memory.GetValueOrDefault("maxmemory_policy", "noeviction") is var policy and not "noeviction"
        )
        {
            logger.MayEvict(connection.Endpoint, policy);
        }

        // Without the permission to read the configuration the RDB schedule is not seen, and
        // nothing is said.
        if (persistence.GetValueOrDefault("aof_enabled") == "0" && saves is "")
        {
            logger.NotPersistent(connection.Endpoint);
        }

        // With a lease a master that is cut off takes no writes, and one that was just promoted has
        // no replicas.
        if (
            !hasLease
            && replication.GetValueOrDefault("connected_slaves", "0") != "0"
            && !replication.ContainsKey("min_slaves_good_slaves")
        )
        {
            logger.WritesWithoutReplicas(connection.Endpoint);
        }

        if (Version.TryParse(connection.Server.Version, out var version) && version < Recent)
        {
            logger.OldVersion(connection.Endpoint, connection.Server.Version);
        }
    }

    private static async Task<RedisReply?> TakeAsync(Task<RedisReply> task)
    {
        try
        {
            return await task.ConfigureAwait(false);
        }
        catch (RedisServerException)
        {
            return null;
        }
    }
}
