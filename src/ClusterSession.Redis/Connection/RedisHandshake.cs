using System.Globalization;
using System.Text;
using ClusterSession.Redis.Protocol;
using ClusterSession.Transport.Signals;
using ClusterSession.Transport.Sockets;

namespace ClusterSession.Redis.Connection;

/// <summary>The first words on a connection: one round trip, everything pipelined.</summary>
/// <remarks>
/// <code>
///   HELLO 3 [AUTH user password] SETNAME name  protocol, access, role, version
///   CLIENT SETINFO LIB-NAME ...                since 7.2; an error is ignored
///   SELECT n                                   if n > 0
///   CLIENT TRACKING ON                         if wanted; refused: each use of a copy asks the
///                                              server
///   INFO server, INFO replication              who it is; without the permission the identity
///                                              stays unknown
///   WAIT 0 1                                   if commits are to wait for replicas
///   PING                                       LOADING and MASTERDOWN show here: HELLO and INFO
///                                              answer all the same
/// </code>
/// NOLOOP is not used: with it a server also does not push that a command of the connection itself
/// has made the server evict a key, or stop tracking it. So the server pushes the connection's own
/// writes too (see <see cref="EchoFilter"/>). Such a write ends the tracking of its key: scripts
/// read the key once more at their end.
/// </remarks>
internal static class RedisHandshake
{
    private static readonly Version Oldest = new(6, 2);
    private static readonly Version EchoesFollowFrom = new(6, 2, 7);

    /// <summary>Greets the server and fills in who it is.</summary>
    /// <exception cref="ConnectException">The server cannot be used.</exception>
    public static async Task RunAsync(
        RedisConnection connection,
        RedisOptions options,
        RedisHandshakeOptions handshake,
        CancellationToken ct
    )
    {
        var credential = options.Credentials is { } source
            ? await source.GetAsync(ct).ConfigureAwait(false)
            : new RedisCredential(options.User, options.Password);
        var hello = connection.SendAsync(Hello(credential, options)).AsTask();
        var library = connection
            .SendAsync(new RedisCommand("CLIENT", "SETINFO", "LIB-NAME", "ClusterSession"))
            .AsTask();
        var select =
            options.Database > 0
                ? connection
                    .SendAsync(new RedisCommand("SELECT", options.Database.ToString(CultureInfo.InvariantCulture)))
                    .AsTask()
                : null;
        var isTracked = handshake.Tracking && options.Coherence != RedisCoherence.Revalidate;
        var tracking = isTracked ? connection.SendAsync(new RedisCommand("CLIENT", "TRACKING", "ON")).AsTask() : null;
        var server = connection.SendAsync(new RedisCommand("INFO", "server")).AsTask();
        var replication = connection.SendAsync(new RedisCommand("INFO", "replication")).AsTask();
        var wait =
            handshake.Tracking && options.NeedsWait
                ? connection.SendAsync(new RedisCommand("WAIT", "0", "1")).AsTask()
                : null;
        var ping = connection.SendAsync(new PingRequest()).AsTask();
        // Only now: a server that is full answers with an error before it has read anything, and
        // that must find HELLO waiting.
        connection.Start();

        // One refusal makes the others fail too; those nobody will look at.
        foreach (var task in new Task?[] { library, select, tracking, server, replication, wait, ping })
        {
            task?.Abandon();
        }

        var secrets =
            handshake.RequiredRole == RedisRole.Sentinel ? ("sentinelUser", "sentinelPassword") : ("user", "password");
        var greeting = await AnswerAsync(hello, connection, credential, secrets).ConfigureAwait(false);
        List<RefusedCommand> refused = [];
        // Before 7.2 nobody has it.
        if (await RefusalAsync(library).ConfigureAwait(false) is { Kind: RedisErrorKind.NoPerm })
        {
            refused.Add(RefusedCommand.SetInfo);
        }

        if (select is not null)
        {
            await AnswerAsync(select, connection, credential, secrets).ConfigureAwait(false);
        }

        var untracked = tracking is null ? null : await RefusalAsync(tracking).ConfigureAwait(false);
        var waitRefusal = wait is null ? null : await RefusalAsync(wait).ConfigureAwait(false);
        var serverInfo = ParseInfo(await OptionalAsync(server).ConfigureAwait(false));
        var replicationInfo = ParseInfo(await OptionalAsync(replication).ConfigureAwait(false));
        if (await ping.ConfigureAwait(false) is RedisErrorKind.Loading or RedisErrorKind.MasterDown)
        {
            throw new ConnectException(
                ConnectFailure.NotReady,
                $"{connection.Endpoint} is loading its data, or waits for its master."
            );
        }

        // It refuses everything, and not for good.
        if (untracked?.Kind == RedisErrorKind.Busy || waitRefusal?.Kind == RedisErrorKind.Busy)
        {
            throw new ConnectException(
                ConnectFailure.NotReady,
                $"{connection.Endpoint} is busy with a script.",
                untracked ?? waitRefusal
            );
        }

        connection.Server = Identify(greeting, serverInfo, replicationInfo);
        connection.Echo.IsOn =
            System.Version.TryParse(connection.Server.Version, out var version) && version >= EchoesFollowFrom;
        if (version is not null && version < Oldest)
        {
            throw new ConnectException(
                ConnectFailure.Unsupported,
                $"{connection.Endpoint} is Redis {version}. Redis {Oldest} or later, or Valkey, is needed."
            );
        }

        // Before what the settings ask for: of a replica they ask nothing.
        if (!handshake.AnyRoleInCluster || connection.Server.Mode != RedisServerIdentity.ClusterMode)
        {
            RequireRole(connection, handshake.RequiredRole);
        }

        if (serverInfo.Count == 0 || replicationInfo.Count == 0)
        {
            refused.Add(RefusedCommand.Info);
        }

        connection.Refused = refused;
        if (handshake.Tracking)
        {
            connection.Untracked = isTracked
                ? UntrackedBy(connection, greeting, untracked?.Text, version)
                : "Coherence is Revalidate.";
        }

        if (isTracked && options.Coherence == RedisCoherence.Tracking && connection.Untracked is { } reason)
        {
            throw LacksTracking(connection.Endpoint, reason);
        }

        if (waitRefusal is not null && connection.Server.Role != RedisRole.Replica) // No replica takes WAIT.
        {
            throw new ConnectException(
                RedisConnectFailure.LacksWhatIsSet,
                $"ClusterSession:Durability is Replicated, and {connection.Endpoint} refuses WAIT, so that nobody can "
                    + $"tell whether a replica has a commit. It says: {waitRefusal.Text} Set ClusterSession:Durability "
                    + "to Primary, or give the user +wait.",
                waitRefusal
            );
        }
    }

    /// <summary>
    /// Says why a server is not used: the settings ask for pushes of what others change, and the
    /// server cannot be relied on for them.
    /// </summary>
    public static ConnectException LacksTracking(RedisEndpoint endpoint, string reason) =>
        new(
            RedisConnectFailure.LacksWhatIsSet,
            $"Coherence is Tracking, and {endpoint} cannot be relied on to push what others change: {reason} Set "
                + "coherence=auto or coherence=revalidate in the connection string, or use Redis 6.2.7 or later, or "
                + "Valkey, directly, and a user with +client|tracking."
        );

    /// <summary>
    /// Refuses a server of another role; one that does not tell its role is let through.
    /// </summary>
    /// <exception cref="ConnectException">It has another role.</exception>
    public static void RequireRole(RedisConnection connection, RedisRole? required)
    {
        if (required is { } role && connection.Server.Role != RedisRole.Unknown && connection.Server.Role != role)
        {
            throw new ConnectException(
                RedisConnectFailure.WrongRole,
                $"{connection.Endpoint} is a {connection.Server.Role} where a {role} is wanted."
                    + (
                        connection.Server.Role == RedisRole.Sentinel
                            ? " Add serviceName=... to the connection string to use sentinels."
                            : ""
                    )
            );
        }
    }

    private static RedisCommand Hello(RedisCredential credential, RedisOptions options)
    {
        List<string> words = ["HELLO", "3"];
        if (credential.Password is { } password)
        {
            words.AddRange(["AUTH", credential.User ?? "default", password]);
        }

        if (options.ClientName.Length > 0)
        {
            words.AddRange(["SETNAME", options.ClientName]);
        }

        return new RedisCommand([.. words]);
    }

    private static async Task<RedisReply> AnswerAsync(
        Task<RedisReply> task,
        RedisConnection connection,
        RedisCredential credential,
        (string User, string Password) settings
    )
    {
        try
        {
            return await task.ConfigureAwait(false);
        }
        catch (RedisServerException e)
        {
            throw e.Kind switch
            {
                RedisErrorKind.WrongPass => Refused(
                    ConnectFailure.AccessDenied,
                    $"refuses user '{credential}': user or password is wrong, or the user is disabled. Check "
                        + $"{settings.User} and {settings.Password} of the connection string.",
                    e
                ),
                RedisErrorKind.NoAuth => Refused(
                    ConnectFailure.AccessDenied,
                    $"wants a password, and none is set. Add {settings.Password}=... (and {settings.User}=...) to the "
                        + "connection string.",
                    e
                ),
                RedisErrorKind.NoPerm => Refused(
                    ConnectFailure.AccessDenied,
                    $"lets user '{credential}' in but forbids what a connection needs. Give the user +@connection. It "
                        + $"says: {e.Text}",
                    e
                ),
                RedisErrorKind.NoProto => Refused(
                    ConnectFailure.Unsupported,
                    "does not speak RESP3. Redis 6.2 or later, or Valkey, is needed.",
                    e
                ),
                RedisErrorKind.Loading or RedisErrorKind.MasterDown or RedisErrorKind.Busy => Refused(
                    ConnectFailure.NotReady,
                    $"is not ready: {e.Text}",
                    e
                ),
                _ when e.Text.StartsWith("ERR max number of clients", StringComparison.Ordinal) => Refused(
                    ConnectFailure.NotReady,
                    "has no room for another client (maxclients).",
                    e
                ),
                _ when e.Text.StartsWith("DENIED", StringComparison.Ordinal) => Refused(
                    ConnectFailure.AccessDenied,
                    "runs in protected mode and lets only its own machine in. Set a password there, or bind it to a "
                        + "private address.",
                    e
                ),
                _ => Refused(ConnectFailure.Unsupported, $"refuses the connection: {e.Text}", e),
            };
        }

        ConnectException Refused(ConnectFailure failure, string why, Exception inner) =>
            new(failure, $"{connection.Endpoint} {why}", inner);
    }

    /// <summary>
    /// Why no push of the server is to be relied on; null: nothing is known against it.
    /// </summary>
    private static string? UntrackedBy(
        RedisConnection connection,
        RedisReply greeting,
        string? refusal,
        Version? version
    )
    {
        if (refusal is not null)
        {
            return $"it refuses CLIENT TRACKING: {refusal}";
        }

        if (greeting["server"]?.AsString() == "valkey" || version >= EchoesFollowFrom)
        {
            return null;
        }

        var which = version is null ? "it does not say which version it is" : $"it is {connection.Server.Version}";
        return $"{which}, and before {EchoesFollowFrom} pushes may come in the midst of other replies.";
    }

    private static async Task<RedisServerException?> RefusalAsync(Task<RedisReply> task)
    {
        try
        {
            await task.ConfigureAwait(false);
            return null;
        }
        catch (RedisServerException refusal)
        {
            return refusal;
        }
    }

    private static async Task<RedisReply?> OptionalAsync(Task<RedisReply> task)
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

    private static RedisServerIdentity Identify(
        RedisReply greeting,
        Dictionary<string, string> server,
        Dictionary<string, string> replication
    )
    {
        var mode = greeting["mode"]?.AsString() ?? "";
        var role = (replication.GetValueOrDefault("role") ?? greeting["role"]?.AsString()) switch
        {
            _ when mode == "sentinel" => RedisRole.Sentinel,
            "master" => RedisRole.Master,
            "slave" or "replica" => RedisRole.Replica,
            _ => RedisRole.Unknown,
        };
        return new RedisServerIdentity(
            server.GetValueOrDefault("run_id") ?? "",
            HistoryOf(replication.GetValueOrDefault("master_replid")),
            replication.GetValueOrDefault("master_replid2") ?? "",
            Number("second_repl_offset", -1),
            Number("master_repl_offset", 0),
            role,
            greeting["version"]?.AsString() ?? "",
            mode
        );

        // Servers that keep no history tell zeros, which are no name of one.
        static string HistoryOf(string? told) => told is not null && told.AsSpan().ContainsAnyExcept('0') ? told : "";

        long Number(string name, long missing) =>
            long.TryParse(replication.GetValueOrDefault(name), CultureInfo.InvariantCulture, out var value)
                ? value
                : missing;
    }

    /// <summary>The fields of an INFO reply; none for null.</summary>
    internal static Dictionary<string, string> ParseInfo(RedisReply? reply)
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in Encoding.UTF8.GetString(reply is null ? [] : reply.Bytes).Split('\n'))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0)
            {
                fields[line[..colon]] = line[(colon + 1)..].TrimEnd('\r');
            }
        }

        return fields;
    }
}
