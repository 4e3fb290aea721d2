using System.Security.Cryptography;
using System.Text;
using ClusterSession.Failover.Control;

namespace ClusterSession.Cli.Generating;

/// <summary>Configurations of Redis.</summary>
internal static class RedisFiles
{
    public const string SentinelUser = "sentinel";

    /// <summary>
    /// The user by which replicas log in to their master where no agent makes a user for them:
    /// replicas without an agent, and with Sentinel all replicas. Its name does not begin with
    /// "replica-", because agents make and remove the users whose names do.
    /// </summary>
    private const string ReplicationUser = "read-replica";

    private const string ReaderUser = "reader";

    private const string SentinelRights =
        "allchannels -@all +multi +slaveof +ping +exec +subscribe +config|rewrite +role +publish +info "
        + "+client|setname +client|kill +script|kill";

    /// <summary>
    /// Off, and with all rights: Redis reads its append-only file as this user, and drops each
    /// transaction of which it may not execute a part.
    /// </summary>
    private const string NoDefault = "user default reset off ~* &* +@all";

    /// <summary>
    /// A Redis beside an agent: it starts closed, and the agent opens it or makes it follow.
    /// </summary>
    public static GeneratedFile Closed(SiteDescription site, SiteSecrets secrets, SiteRedis redis)
    {
        var closed = new ClosedStart
        {
            AgentUser = AgentFiles.RedisUser,
            AgentPassword = secrets.AgentPassword,
            ApplicationUser = AgentFiles.ApplicationUser,
            ApplicationPassword = secrets.ApplicationPassword,
            KeyPrefix = site.KeyPrefix,
        };
        var follower = site.ReplicasThroughHaproxy.Any()
            ? $"""

                # Replicas without an agent log in by this user. Their HAProxy leads them to the open master only.
                user {ReplicationUser} reset on {Digest(secrets.ReplicationPassword)} {string.Join(
                    ' ',
                    ReplicaUser.Rights
                )}

                """
            : "";
        return File(
            redis,
            $"""
            {RedisSettings.Of(site, redis)}
            # It starts closed: nobody can write, nobody can follow it, and it follows nobody (port 1 is nobody's),
            # until its agent has decided. What agents change at run time does not outlast a restart.
            # Users have digests of passwords, "default" is off, and has all rights for the reading of the
            # append-only file. min-replicas-to-write is 0, since a master that was just promoted has no replica
            # yet; its lease stops a master that is cut off. repl-diskless-sync-delay 0: a replica that needs all
            # data gets it without delay. repl-backlog-ttl 0: a master without replicas keeps its replication id.
            {string.Join('\n', closed.Lines())}
            {follower}
            """
        );
    }

    /// <summary>
    /// A replica without agent, which follows the present master through the HAProxy of its host.
    /// </summary>
    public static GeneratedFile Following(SiteDescription site, SiteSecrets secrets, SiteRedis redis) =>
        File(
            redis,
            $"""
            {RedisSettings.Of(site, redis)}
            # HAProxy of this host leads to the open master, and ends the connection when that changes. The history
            # of the data goes on, so that a change costs a partial copy where the new master has all of it.
            replicaof 127.0.0.1 {site.ReplicationPort}
            masteruser {ReplicationUser}
            masterauth {secrets.ReplicationPassword}
            replica-read-only yes
            # Never promoted.
            replica-priority 0

            # "default" is off, and has all rights, since Redis reads its append-only file as this user. Who reads
            # here may see no keys but the application's, and change nothing.
            {NoDefault}
            user {ReaderUser} reset on {Digest(
                secrets.ReaderPassword
            )} ~{site.KeyPrefix}:* resetchannels -@all +@read +@connection -@dangerous +info +role

            """
        );

    /// <summary>A Redis that Sentinels switch.</summary>
    public static GeneratedFile Watched(SiteDescription site, SiteSecrets secrets, SiteRedis redis)
    {
        var master = site.Candidates[0];
        var others = site.Redis.Count() - 1;
        var leader =
            redis == master
                ? ""
                : $"""

                    # At the first start; Sentinel rewrites it at each failover.
                    replicaof {master.Host} {master.Port}

                    """;
        var never = site.Candidates.Contains(redis)
            ? ""
            : """

                # Never promoted.
                replica-priority 0

                """;
        return File(
            redis,
            $"""
            {RedisSettings.Of(site, redis)}
            # Redis and Sentinel rewrite this file: its unit copies it to {site.DataDirectory}/{redis.Name} once.
            # "default" is off, and has all rights, since Redis reads its append-only file as this user.
            {NoDefault}
            user {AgentFiles.ApplicationUser} reset on {Digest(secrets.ApplicationPassword)} {Application(site)}
            user {ReplicationUser} reset on {Digest(secrets.ReplicationPassword)} {string.Join(' ', ReplicaUser.Rights)}
            user {SentinelUser} reset on {Digest(secrets.AgentPassword)} {SentinelRights}
            masteruser {ReplicationUser}
            masterauth {secrets.ReplicationPassword}

            # A master that hears of no replica for a second takes no writes. It bounds what one that was cut off or
            # frozen takes before Sentinel demotes it, which is ten seconds later. {(
                others > 1
                    ? ""
                    : "Not with a single replica:\n# where that one fails, all writes would stop."
            )}
            min-replicas-to-write {(others > 1 ? 1 : 0)}
            min-replicas-max-lag 1
            {leader}{never}
            """
        );
    }

    private static string Application(SiteDescription site) =>
        $"~{site.KeyPrefix}:* resetchannels &{site.KeyPrefix}:* {string.Join(' ', ClosedStart.ApplicationRights)}";

    private static GeneratedFile File(SiteRedis redis, string text) =>
        new($"redis/{redis.Name}.conf", GeneratedText.Clean(text), IsSecret: true);

    private static string Digest(string password) =>
        "#" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(password)));
}
