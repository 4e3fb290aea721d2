using System.Security.Cryptography;
using System.Text;

namespace ClusterSession.Failover.Control;

/// <summary>
/// How a Redis is started so that it is closed until its agent has decided: it takes no commits,
/// admits no replica, and is a replica of an address where nobody listens (<see cref="Nobody"/>).
/// The agent changes all of that at run time, and nothing of it lasts over a restart.
/// </summary>
/// <remarks>
/// What is not here stays the site's: port, TLS, memory, and what is kept on disk. An ACL file does
/// not go together with users in the configuration; Redis refuses to start with both.
/// </remarks>
internal sealed record ClosedStart
{
    /// <summary>What a node does with its Redis: the rights that SECURITY.md recommends.</summary>
    public static IReadOnlyList<string> ApplicationRights { get; } =
    [
        "-@all",
        "+hello",
        "+auth",
        "+ping",
        "+select",
        "+client|setname",
        "+client|tracking",
        "+hget",
        "+hgetall",
        "+hmget",
        "+hkeys",
        "+hstrlen",
        "+hset",
        "+hdel",
        "+del",
        "+exists",
        "+pexpire",
        "+pttl",
        "+get",
        "+set",
        "+eval",
        "+evalsha",
        "+wait",
        "+role",
        "+info",
        "+config|get",
        "+time",
        "+zadd",
        "+zcard",
        "+zrange",
        "+zrangebyscore",
        "+zrem",
        "+zscore",
        "+publish",
        "+subscribe",
    ];

    public required string AgentUser { get; init; }

    public required string AgentPassword { get; init; }

    public required string ApplicationUser { get; init; }

    public required string ApplicationPassword { get; init; }

    /// <summary><c>ClusterSession:KeyPrefix</c> of the application.</summary>
    public required string KeyPrefix { get; init; }

    /// <summary>
    /// The directives, each its name and values. Those of users hold digests of passwords: a
    /// command line is no secret.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<string>> Directives() =>
        [
            // Off, and with all rights. Redis loads its append-only file as this user. It drops
            // every transaction there in which one command is not permitted to the user, and the
            // writes of a script are a transaction too. "reset" removes nopass, with which
            // protected mode would refuse other hosts.
            ["user", "default", "reset", "off", "~*", "&*", "+@all"],
            ["user", AgentUser, "reset", "on", Digest(AgentPassword), "~*", "&*", "+@all"],
            [
                "user",
                ApplicationUser,
                "reset",
                "off",
                Digest(ApplicationPassword),
                $"~{KeyPrefix}:*",
                "resetchannels",
                $"&{KeyPrefix}:*",
                .. ApplicationRights,
            ],
            // A replica of an address where nobody listens: no master, and it gets no data.
            ["replicaof", Nobody.Host, Nobody.Port],
            ["masteruser", ""],
            ["masterauth", ""],
            ["replica-read-only", "yes"],
            // The agent reads the epoch of the data; a replica that hides its data would look
            // unreachable.
            ["replica-serve-stale-data", "yes"],
            // Nobody follows a master before it is open, and a master that needs replicas could not
            // be opened.
            ["min-replicas-to-write", "0"],
            // A replica that needs all data gets it at once: a change that waits for it is given up
            // after a while.
            ["repl-diskless-sync-delay", "0"],
            // Redis frees the backlog of a master without replicas, and then changes its
            // replication id. Without that id it cannot be told that the others have no more than
            // this one.
            ["repl-backlog-ttl", "0"],
        ];

    /// <summary>As arguments of redis-server, behind its configuration file.</summary>
    public IReadOnlyList<string> Arguments() =>
        [.. Directives().SelectMany(words => words.Skip(1).Prepend("--" + words[0]))];

    /// <summary>As lines of a configuration file.</summary>
    public IReadOnlyList<string> Lines() => [.. Directives().Select(words => string.Join(' ', words.Select(Quoted)))];

    private static string Digest(string password) =>
        "#" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(password)));

    private static string Quoted(string word) =>
        word.Length > 0 && !word.AsSpan().ContainsAny(" \"'\\")
            ? word
            : '"'
                + word.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)
                + '"';
}
