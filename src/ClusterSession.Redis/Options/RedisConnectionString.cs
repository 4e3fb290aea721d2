using System.Globalization;
using System.Net;
using System.Security.Authentication;
using ClusterSession.ZooKeeper;

namespace ClusterSession.Redis;

/// <summary>
/// Reads connection strings: the dialect of StackExchange.Redis, and redis:// and rediss:// URIs.
/// </summary>
/// <remarks>
/// <code>
///   host[:port],host2[:port],[ipv6]:port,key=value,...
///   zookeeper=host:port,host2:port/path,key=value,...
///   redis[s]://[user[:password]@]host[:port][,host2[:port]][/database][?key=value&amp;...]
/// </code>
/// Default port: 6379, with ssl=true 6380 (as StackExchange.Redis has it; rediss:// 6379), with a
/// service name 26379. Settings of StackExchange.Redis that change nothing for us are accepted and
/// ignored (<see cref="Ignored"/>), so that a string that an application owns already can be used;
/// those that would change who is talked to, and unknown ones, are refused rather than ignored.
/// Messages never show the value of a secret, nor anything that follows one: it may be the rest of
/// a password with a comma in it.
/// </remarks>
internal static class RedisConnectionString
{
    /// <summary>
    /// Accepted without effect: our client has no such thing, or does it always, or never.
    /// </summary>
    public static readonly IReadOnlySet<string> Ignored = new HashSet<string>(StringComparer.OrdinalIgnoreCase)
    {
        "abortConnect",
        "allowAdmin",
        "channelPrefix",
        "configChannel",
        "configCheckSeconds",
        "connectRetry",
        "highIntegrity",
        "keepAlive",
        "preserveAsyncOrder",
        "resolveDns",
        "responseTimeout",
        "setlib",
        "tieBreaker",
        "version",
        "writeBuffer",
    };

    private static readonly Dictionary<string, Action<RedisOptions, string>> Settings = new(
        StringComparer.OrdinalIgnoreCase
    )
    {
        ["user"] = (o, v) => o.User = v,
        ["password"] = (o, v) => o.Password = v,
        ["ssl"] = (o, v) => o.Tls = Flag(v),
        ["sslHost"] = (o, v) => o.TlsHost = v,
        ["sslCaFile"] = (o, v) => o.TlsCaFile = v,
        ["sslCertFile"] = (o, v) => o.TlsCertificateFile = v,
        ["sslKeyFile"] = (o, v) => o.TlsKeyFile = v,
        ["sslProtocols"] = (o, v) => o.TlsProtocols = Protocols(v),
        ["checkCertificateRevocation"] = (o, v) => o.TlsCheckRevocation = Flag(v),
        ["serviceName"] = (o, v) => o.ServiceName = v,
        ["sentinelUser"] = (o, v) => o.SentinelUser = v,
        ["sentinelPassword"] = (o, v) => o.SentinelPassword = v,
        ["sentinelSsl"] = (o, v) => o.SentinelTls = Flag(v),
        ["zookeeper"] = (_, _) => throw new FormatException("stands in a list of key=value, and in no URI"),
        ["zookeeperCluster"] = (o, v) => o.ZooKeeperCluster = v,
        ["zookeeperUser"] = (o, v) => Ensemble(o).User = v,
        ["zookeeperPassword"] = (o, v) => Ensemble(o).Password = v,
        ["zookeeperSsl"] = (o, v) => Ensemble(o).UseTls = Flag(v),
        ["zookeeperSslHost"] = (o, v) => Ensemble(o).TlsHost = v,
        ["zookeeperSslCaFile"] = (o, v) => Ensemble(o).CaFile = v,
        ["zookeeperSslCertFile"] = (o, v) => Ensemble(o).CertificateFile = v,
        ["zookeeperSslKeyFile"] = (o, v) => Ensemble(o).KeyFile = v,
        ["cluster"] = (o, v) => o.Cluster = Flag(v),
        ["coherence"] = (o, v) => o.Coherence = Coherence(v),
        ["fence"] = (o, v) => o.Fence = Fence(v),
        ["fenceTimeout"] = (o, v) => o.FenceTimeout = Milliseconds(v),
        ["defaultDatabase"] = (o, v) => o.Database = Number(v),
        ["name"] = (o, v) => o.ClientName = v,
        ["connectTimeout"] = (o, v) => o.ConnectTimeout = Milliseconds(v),
        ["syncTimeout"] = (o, v) => o.CommandTimeout = Milliseconds(v),
        ["asyncTimeout"] = (o, v) => o.CommandTimeout = Milliseconds(v),
        ["heartbeatInterval"] = (o, v) => o.HeartbeatInterval = Milliseconds(v),
        ["heartbeatTimeout"] = (o, v) => o.HeartbeatTimeout = Milliseconds(v),
        ["reconnectMaxDelay"] = (o, v) => o.ReconnectMaxDelay = Milliseconds(v),
        ["protocol"] = (_, v) =>
            Require(
                v.ToUpperInvariant() is "RESP3" or "3",
                "only resp3 works, since local copies are kept fresh by its pushes; leave it out"
            ),
        ["proxy"] = (_, v) =>
            Require(
                v.Equals("none", StringComparison.OrdinalIgnoreCase),
                "proxies that take commands apart hide the pushes that keep local copies fresh; connect to Redis itself"
            ),
        ["tunnel"] = (_, v) => Require(v.Length == 0, "tunnels are not supported; connect to Redis itself"),
    };

    /// <summary>Reads a connection string.</summary>
    /// <exception cref="FormatException">It is wrong; says where, why and what to do.</exception>
    public static RedisOptions Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var options =
            text.Contains("://", StringComparison.Ordinal)
            && text.IndexOf("://", StringComparison.Ordinal) < FirstOf(text, ",=")
                ? ParseUri(text.Trim())
                : ParseList(text);
        if (options.Validate() is { Count: > 0 } errors)
        {
            throw new FormatException($"The Redis connection string cannot be used: {string.Join(' ', errors)}");
        }

        return options;
    }

    private static RedisOptions ParseList(string text)
    {
        var hosts = new List<string>();
        var options = new RedisOptions();
        var ensemble = new EnsembleServers();
        if (text.Split(',').Any(EnsembleServers.IsStart))
        {
            options.Fence = RedisFence.Lease; // Unless another one is said.
        }

        var afterSecret = false;
        // asyncTimeout counts for us more than syncTimeout, whichever comes first.
        var parts = text.Split(',')
            .Select((part, index) => (Text: part.Trim(), Number: index + 1))
            .Where(p => p.Text.Length > 0)
            .OrderBy(p => p.Text.StartsWith("asyncTimeout", StringComparison.OrdinalIgnoreCase) ? 1 : 0);
        foreach (var part in parts)
        {
            if (ensemble.TryAdd(part.Text))
            {
                continue;
            }

            var shown = afterSecret
                ? $"part {Text(part.Number)} (not shown: it follows a password, which may hold a comma; a redis:// URI "
                    + "with %2C can say that)"
                : Shown(part.Text, $"part {Text(part.Number)}");
            var equals = part.Text.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0)
            {
                if (afterSecret && !part.Text.Contains(':', StringComparison.Ordinal))
                {
                    throw Wrong(
                        shown,
                        "is neither key=value nor host:port",
                        "put servers before the password, or write their port"
                    );
                }

                CheckHost(
                    part.Text,
                    IsHidden(part.Text) ? $"part {Text(part.Number)} (not shown: it may be a password)" : shown
                );
                hosts.Add(part.Text);
                continue;
            }

            var key = part.Text[..equals].Trim();
            Set(options, key, part.Text[(equals + 1)..].Trim(), afterSecret ? shown : null);
            afterSecret |= IsSecret(key);
        }

        try
        {
            ensemble.Complete(options);
        }
        catch (FormatException wrong)
        {
            throw Wrong("'zookeeper'", "cannot be used", wrong.Message.TrimEnd('.'));
        }

        if (hosts.Count == 0 && options.ZooKeeper is null)
        {
            throw Wrong("it", "names no server", "begin with host:port, such as localhost:6379");
        }

        return WithEndpoints(options, hosts, options.Tls ? 6380 : 6379);
    }

    private static RedisOptions ParseUri(string text)
    {
        var options = new RedisOptions();
        var scheme = text[..text.IndexOf("://", StringComparison.Ordinal)];
        options.Tls = scheme.ToLowerInvariant() switch
        {
            "redis" => false,
            "rediss" => true,
            _ => throw Wrong($"scheme '{scheme}'", "is not known", "write redis:// or, with TLS, rediss://"),
        };
        var rest = text[(scheme.Length + 3)..];
        // The last @ before the query ends the user part: an unescaped one in a password is more
        // likely than one in a host.
        var question = rest.IndexOf('?', StringComparison.Ordinal);
        if (question >= 0 && rest.IndexOf('@', question) >= 0)
        {
            throw Wrong("the URI", "has an @ after the ?", "write %40 there, and %3F for a ? in the password");
        }

        var at = rest.LastIndexOf('@');
        var pathAt = rest.IndexOfAny(['/', '?'], at + 1);
        var authority = pathAt < 0 ? rest : rest[..pathAt];
        var tail = pathAt < 0 ? "" : rest[pathAt..];
        if (at >= 0)
        {
            var access = authority[..at];
            authority = authority[(at + 1)..];
            var colon = access.IndexOf(':', StringComparison.Ordinal);
            var user = Unescape(colon < 0 ? access : access[..colon]);
            options.User = user.Length == 0 ? null : user;
            options.Password = colon < 0 ? null : Unescape(access[(colon + 1)..]);
        }

        // First, because what follows a host that is none may be the rest of a password, which no
        // message may show.
        var hosts = authority
            .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .ToList();
        if (hosts.Count == 0)
        {
            throw Wrong("the URI", "names no host", "write redis://host:6379");
        }

        foreach (var host in hosts)
        {
            CheckHost(
                host,
                MayBeAccess(host)
                    ? "the host (not shown: it may be a user and a password whose @host is missing)"
                    : $"host '{host}'"
            );
        }

        var queryAt = tail.IndexOf('?', StringComparison.Ordinal);
        var path = (queryAt < 0 ? tail : tail[..queryAt]).Trim('/');
        if (path.Length > 0)
        {
            Set(options, "defaultDatabase", path, $"database '/{path}'");
        }

        foreach (var pair in queryAt < 0 ? [] : tail[(queryAt + 1)..].Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0)
            {
                throw Wrong($"{Shown(pair, "a part")} after the ?", "has no value", "write key=value");
            }

            Set(options, Unescape(pair[..equals]), Unescape(pair[(equals + 1)..]), null);
        }

        if (scheme.Equals("rediss", StringComparison.OrdinalIgnoreCase) && !options.Tls)
        {
            throw Wrong(
                "'ssl'",
                "is switched off in a rediss:// URI",
                "leave it out for TLS, or write redis:// for none"
            );
        }

        return WithEndpoints(options, hosts, 6379);
    }

    private static void Set(RedisOptions options, string key, string value, string? shown)
    {
        if (Ignored.Contains(key))
        {
            return;
        }

        if (key.StartsWith('$'))
        {
            throw Wrong(
                shown ?? $"'{key}'",
                "renames or switches off a command",
                "let the user have the commands as Redis names them, and leave it out"
            );
        }

        if (!Settings.TryGetValue(key, out var set))
        {
            var known = string.Join(", ", Settings.Keys.Order(StringComparer.OrdinalIgnoreCase));
            throw Wrong(shown ?? $"'{key}'", "is no setting that is known", $"correct or remove it; known are {known}");
        }

        try
        {
            set(options, value);
        }
        catch (FormatException e)
        {
            throw Wrong(shown ?? (IsSecret(key) ? $"'{key}'" : Shown($"{key}={value}", $"'{key}'")), e.Message, null);
        }
    }

    private static RedisOptions WithEndpoints(RedisOptions options, List<string> hosts, int defaultPort)
    {
        foreach (var host in hosts)
        {
            options.Endpoints.Add(Endpoint(host, options.ServiceName is null ? defaultPort : 26379));
        }

        return options;
    }

    private static void CheckHost(string host, string shown)
    {
        var (name, port) = SplitHost(host);
        if (!IsPort(port))
        {
            throw Wrong(
                shown,
                "has no port from 1 to 65535 after the colon",
                "write host:port, an IPv6 address as [address]:port"
            );
        }

        if (
            name.Length == 0
            || name.Any(c => char.IsWhiteSpace(c) || c is '/' or '@' or '[' or ']')
            || !IsHostOrAddress(name)
        )
        {
            throw Wrong(shown, "is neither a host nor key=value", "write host:port, an IPv6 address as [address]:port");
        }
    }

    private static RedisEndpoint Endpoint(string host, int defaultPort)
    {
        var (name, port) = SplitHost(host);
        return new RedisEndpoint(
            name,
            port is null ? defaultPort : int.Parse(port, NumberStyles.None, CultureInfo.InvariantCulture)
        );
    }

    private static (string Name, string? Port) SplitHost(string host)
    {
        if (host.StartsWith('[') && host.IndexOf(']', StringComparison.Ordinal) is var close and > 0)
        {
            var after = host[(close + 1)..];
            return (
                host[1..close],
                after.Length == 0 ? null
                : after[0] == ':' ? after[1..]
                : after
            );
        }

        var colon = host.LastIndexOf(':');
        // Two colons without brackets: an IPv6 address without a port.
        return colon < 0 || host.IndexOf(':', StringComparison.Ordinal) != colon
            ? (host, null)
            : (host[..colon], host[(colon + 1)..]);
    }

    /// <summary>
    /// A name with a colon in it is an IPv6 address, or a password in the wrong place, which nobody
    /// may look up.
    /// </summary>
    private static bool IsHostOrAddress(string name) =>
        !name.Contains(':', StringComparison.Ordinal) || IPAddress.TryParse(name.Split('%')[0], out _);

    /// <summary>
    /// A part of a list that is no server and may be a password: :password, or what has several
    /// colons.
    /// </summary>
    private static bool IsHidden(string host) =>
        SplitHost(host) is var (name, _) && (name.Length == 0 || !IsHostOrAddress(name));

    /// <summary>
    /// Whether what is in the place of a host may be user:password, :password or
    /// :password:port.
    /// </summary>
    private static bool MayBeAccess(string host)
    {
        var (name, port) = SplitHost(host);
        return name.Length == 0 || !IsPort(port) || !IsHostOrAddress(name);
    }

    private static bool IsPort(string? port) =>
        port is null
        || (
            int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number is >= 1 and <= 65535
        );

    /// <summary>A part of the text as messages may show it: not where it holds an access
    /// (user:password@host), or a password behind a wrong separator
    /// (ssl=true;password=...).</summary>
    private static string Shown(string part, string name) =>
        part.Contains('@', StringComparison.Ordinal) || part.Contains("passw", StringComparison.OrdinalIgnoreCase)
            ? $"{name} (not shown: it may hold a password; parts are separated by commas, and user:password@host is "
                + "for redis:// URIs)"
            : $"'{part}'";

    private static ZooKeeperOptions Ensemble(RedisOptions options) => options.ZooKeeper ??= new ZooKeeperOptions();

    private static bool IsSecret(string key) => key.EndsWith("password", StringComparison.OrdinalIgnoreCase);

    private static int FirstOf(string text, string any) =>
        text.IndexOfAny(any.ToCharArray()) is var at and >= 0 ? at : text.Length;

    private static string Unescape(string text) => Uri.UnescapeDataString(text);

    private static bool Flag(string value) =>
        value.ToUpperInvariant() switch
        {
            "TRUE" or "1" or "YES" or "ON" => true,
            "FALSE" or "0" or "NO" or "OFF" => false,
            _ => throw new FormatException("is neither true nor false"),
        };

    private static RedisCoherence Coherence(string value) =>
        value.ToUpperInvariant() switch
        {
            "AUTO" => RedisCoherence.Auto,
            "TRACKING" => RedisCoherence.Tracking,
            "REVALIDATE" => RedisCoherence.Revalidate,
            _ => throw new FormatException("is none of auto, tracking and revalidate"),
        };

    private static RedisFence Fence(string value) =>
        value.ToUpperInvariant() switch
        {
            "HISTORY" => RedisFence.History,
            "LEASE" => RedisFence.Lease,
            _ => throw new FormatException("is neither history nor lease"),
        };

    private static int Number(string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new FormatException("is no whole number, 0 or more");

    private static TimeSpan Milliseconds(string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? TimeSpan.FromMilliseconds(number)
            : throw new FormatException("is no whole number of milliseconds");

    private static SslProtocols Protocols(string value) =>
        Enum.TryParse<SslProtocols>(value.Replace('|', ','), ignoreCase: true, out var protocols)
            ? protocols
            : throw new FormatException("names no TLS versions, such as Tls12|Tls13");

    private static void Require(bool holds, string why)
    {
        if (!holds)
        {
            throw new FormatException($"is not supported: {why}");
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static FormatException Wrong(string part, string why, string? remedy) =>
        new($"The Redis connection string is wrong: {part} {why}{(remedy is null ? "" : $"; {remedy}")}.");
}
