namespace ClusterSession.Failover.Etcd.Options;

/// <summary>Reads <c>http://h1:2379,http://h2:2379/path,key=value</c>.</summary>
/// <remarks>
/// Keys have the names of the ZooKeeper and the Redis connection string; ssl and sslHost do not
/// exist here, since the scheme of a server says whether TLS is used. Messages never show the value
/// of a key: it may be a password. They do not show a part without '=' either, nor an
/// unknown key behind a password: it may be the rest of a password with a comma in it.
/// </remarks>
internal static class ConnectionString
{
    /// <summary>The user of a password without one.</summary>
    private const string DefaultUser = "cluster-session";

    /// <summary>The path of all keys, unless another one is set.</summary>
    private const string DefaultPath = "/cluster-session";

    private const int DefaultPort = 2379;
    private const string SchemeEnd = "://";

    private static readonly string[] Keys = ["password", "sslCaFile", "sslCertFile", "sslKeyFile", "user"];

    /// <exception cref="FormatException">It says what is wrong, and how it should be.</exception>
    public static EtcdOptions Parse(string text)
    {
        var place = Place(text);
        var (servers, path) = SplitPath(place);
        var settings = Settings(text[place.Length..]);
        var options = new EtcdOptions
        {
            Servers = [.. Parts(servers).Select(Server)],
            Path = path,
            User = settings.GetValueOrDefault("user") ?? (settings.ContainsKey("password") ? DefaultUser : null),
            Password = settings.GetValueOrDefault("password"),
            CaFile = settings.GetValueOrDefault("sslCaFile"),
            CertificateFile = settings.GetValueOrDefault("sslCertFile"),
            KeyFile = settings.GetValueOrDefault("sslKeyFile"),
        };
        Check(options, place);
        return options;
    }

    /// <summary>Servers and path: what may be shown.</summary>
    private static string Place(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals < 0 ? text : text[..Math.Max(0, text.LastIndexOf(',', equals))];
    }

    private static (string Servers, string Path) SplitPath(string place)
    {
        var last = place.LastIndexOf(SchemeEnd, StringComparison.Ordinal);
        var slash = last < 0 ? -1 : place.IndexOf('/', last + SchemeEnd.Length);
        if (slash < 0)
        {
            return (place, DefaultPath);
        }

        var path = place[slash..].Trim();
        return path == "/" ? (place[..slash], DefaultPath)
            : path.Contains(',', StringComparison.Ordinal) || path.EndsWith('/')
                ? throw new FormatException(
                    $"'{path}' is no path. Write it once, behind the last server, without '/' at its end."
                )
            : (place[..slash], path);
    }

    private static Uri Server(string text)
    {
        if (text.Contains('@', StringComparison.Ordinal))
        {
            throw new FormatException("A server has a user in its address. Write user=...,password=... behind them.");
        }

        if (
            !Uri.TryCreate(text, UriKind.Absolute, out var uri)
            || uri.Scheme is not ("http" or "https")
            || uri.PathAndQuery != "/"
        )
        {
            throw new FormatException(
                $"'{text}' names no server. Give http or https, a host and a port, such as 'http://h1:2379'."
            );
        }

        var hasPort = text.TrimEnd('/').EndsWith($":{uri.Port}", StringComparison.Ordinal);
        return hasPort ? uri : new UriBuilder(uri) { Port = DefaultPort }.Uri;
    }

    private static Dictionary<string, string> Settings(string text)
    {
        var settings = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var part in Parts(text))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0)
            {
                throw new FormatException(
                    "A part behind the first key has no '='. Write servers and path first, and a password without "
                        + "commas."
                );
            }

            var (key, value) = (part[..equals].TrimEnd(), part[(equals + 1)..].TrimStart());
            if (!Keys.Contains(key, StringComparer.OrdinalIgnoreCase))
            {
                var what = settings.ContainsKey("password")
                    ? "A part behind the password is no setting, and not shown: write a password without commas"
                    : $"'{key}' is no setting";
                throw new FormatException($"{what}. Correct or remove it; known are {string.Join(", ", Keys)}.");
            }

            settings[key] =
                value.Length > 0 ? value : throw new FormatException($"'{key}' is empty. Set it, or leave it out.");
        }

        return settings;
    }

    private static void Check(EtcdOptions options, string place)
    {
        if (options.Servers.Count == 0)
        {
            throw new FormatException(
                $"'{place}' names no server. Give one or several, such as 'http://h1:2379,http://h2:2379/path'."
            );
        }

        if (options.Servers.Select(server => server.Scheme).Distinct().Count() > 1)
        {
            throw new FormatException($"'{place}' mixes http and https. Write https for all servers, or for none.");
        }

        if (options is { Password: null, User: not null })
        {
            throw new FormatException("'user' is set without 'password'. Set both, or leave both out.");
        }

        if (options is { KeyFile: not null, CertificateFile: null })
        {
            throw new FormatException("'sslKeyFile' is set without 'sslCertFile'. Set both, or leave both out.");
        }

        if (options.Servers[0].Scheme == "http" && (options.CaFile ?? options.CertificateFile) is not null)
        {
            throw new FormatException(
                "'sslCaFile' or 'sslCertFile' is set, and the servers are asked by http. Write "
                    + "https for all servers, or leave the files out."
            );
        }
    }

    private static string[] Parts(string text) =>
        text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
