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
/// service name 26379. Settings of StackExchange.Redis that change nothing here are accepted and
/// ignored (<see cref="ConnectionStringSettings.Ignored"/>), so that a string that an application
/// owns already can be used. A setting that would change which servers are used, and an unknown
/// one, is refused rather than ignored.
/// </remarks>
internal static class RedisConnectionString
{
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
            .Select((part, index) => (Text: part.Trim(), Name: ConnectionStringFault.Part(index + 1)))
            .Where(p => p.Text.Length > 0)
            .OrderBy(p => p.Text.StartsWith("asyncTimeout", StringComparison.OrdinalIgnoreCase) ? 1 : 0);
        foreach (var part in parts)
        {
            if (ensemble.TryAdd(part.Text))
            {
                continue;
            }

            var shown = afterSecret
                ? $"{part.Name} (not shown: it follows a password, which may hold a comma; a redis:// URI with %2C can "
                    + "say that)"
                : ConnectionStringFault.Shown(part.Text, part.Name);
            var equals = part.Text.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0)
            {
                if (afterSecret && !part.Text.Contains(':', StringComparison.Ordinal))
                {
                    throw ConnectionStringFault.Of(
                        shown,
                        "is neither key=value nor host:port",
                        "put servers before the password, or write their port"
                    );
                }

                ServerText.Check(
                    part.Text,
                    ServerText.MayBePassword(part.Text) ? $"{part.Name} (not shown: it may be a password)" : shown
                );
                hosts.Add(part.Text);
                continue;
            }

            var key = part.Text[..equals].Trim();
            ConnectionStringSettings.Set(options, key, part.Text[(equals + 1)..].Trim(), afterSecret ? shown : null);
            afterSecret |= ConnectionStringFault.IsSecret(key);
        }

        try
        {
            ensemble.Complete(options);
        }
        catch (FormatException wrong)
        {
            throw ConnectionStringFault.Of("'zookeeper'", "cannot be used", wrong.Message.TrimEnd('.'));
        }

        if (hosts.Count == 0 && options.ZooKeeper is null)
        {
            throw ConnectionStringFault.Of("it", "names no server", "begin with host:port, such as localhost:6379");
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
            _ => throw ConnectionStringFault.Of(
                $"scheme '{scheme}'",
                "is not known",
                "write redis:// or, with TLS, rediss://"
            ),
        };
        var rest = text[(scheme.Length + 3)..];
        // The last @ before the query ends the user part: an unescaped one in a password is more
        // likely than one in a host.
        var question = rest.IndexOf('?', StringComparison.Ordinal);
        if (question >= 0 && rest.IndexOf('@', question) >= 0)
        {
            throw ConnectionStringFault.Of(
                "the URI",
                "has an @ after the ?",
                "write %40 there, and %3F for a ? in the password"
            );
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
            throw ConnectionStringFault.Of("the URI", "names no host", "write redis://host:6379");
        }

        foreach (var host in hosts)
        {
            ServerText.Check(
                host,
                ServerText.MayBeAccess(host)
                    ? "the host (not shown: it may be a user and a password whose @host is missing)"
                    : $"host '{host}'"
            );
        }

        var queryAt = tail.IndexOf('?', StringComparison.Ordinal);
        var path = (queryAt < 0 ? tail : tail[..queryAt]).Trim('/');
        if (path.Length > 0)
        {
            ConnectionStringSettings.Set(options, "defaultDatabase", path, $"database '/{path}'");
        }

        foreach (var pair in queryAt < 0 ? [] : tail[(queryAt + 1)..].Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0)
            {
                throw ConnectionStringFault.Of(
                    $"{ConnectionStringFault.Shown(pair, "a part")} after the ?",
                    "has no value",
                    "write key=value"
                );
            }

            ConnectionStringSettings.Set(options, Unescape(pair[..equals]), Unescape(pair[(equals + 1)..]), null);
        }

        if (scheme.Equals("rediss", StringComparison.OrdinalIgnoreCase) && !options.Tls)
        {
            throw ConnectionStringFault.Of(
                "'ssl'",
                "is switched off in a rediss:// URI",
                "leave it out for TLS, or write redis:// for none"
            );
        }

        return WithEndpoints(options, hosts, 6379);
    }

    private static RedisOptions WithEndpoints(RedisOptions options, List<string> hosts, int defaultPort)
    {
        foreach (var host in hosts)
        {
            options.Endpoints.Add(ServerText.Read(host, options.ServiceName is null ? defaultPort : 26379));
        }

        return options;
    }

    private static int FirstOf(string text, string any) =>
        text.IndexOfAny(any.ToCharArray()) is var at and >= 0 ? at : text.Length;

    private static string Unescape(string text) => Uri.UnescapeDataString(text);
}
