namespace ClusterSession.ZooKeeper.Options;

/// <summary>Reads <c>h1:2181,h2:2181/path,key=value</c>.</summary>
/// <remarks>
/// Keys are those of the Redis connection string. Messages never show the value of a key: it may be
/// a password. They do not show a part without '=' either, nor an unknown key behind a password: it
/// may be the rest of a password with a comma in it.
/// </remarks>
internal static class ConnectionString
{
    /// <summary>The user of a password without one.</summary>
    public const string DefaultUser = "cluster-session";

    private static readonly Dictionary<string, Action<ZooKeeperOptions, string>> Settings = new(
        StringComparer.OrdinalIgnoreCase
    )
    {
        ["user"] = (o, v) => o.User = v,
        ["password"] = (o, v) => o.Password = v,
        ["ssl"] = (o, v) => o.UseTls = Flag(v),
        ["sslHost"] = (o, v) => o.TlsHost = v,
        ["sslCaFile"] = (o, v) => o.CaFile = v,
        ["sslCertFile"] = (o, v) => o.CertificateFile = v,
        ["sslKeyFile"] = (o, v) => o.KeyFile = v,
    };

    /// <exception cref="FormatException">It says what is wrong, and how it should be.</exception>
    public static ZooKeeperOptions Parse(string text)
    {
        var place = Place(text);
        var slash = place.IndexOf('/', StringComparison.Ordinal);
        var options = new ZooKeeperOptions { Chroot = slash < 0 ? null : NodePath.Chroot(place[slash..].TrimEnd()) };
        foreach (var server in Parts(slash < 0 ? place : place[..slash]))
        {
            ServerNames.Parse(server);
            options.Servers.Add(server);
        }

        if (options.Servers.Count == 0)
        {
            throw new FormatException(
                $"'{place}' names no server. Give one or several, such as 'h1:2181,h2:2181/path'."
            );
        }

        foreach (var part in Parts(text[place.Length..]))
        {
            Set(options, part);
        }

        if (options is { Password: null, User: not null })
        {
            throw new FormatException("'user' is set without 'password'. Set both, or leave both out.");
        }

        options.User ??= options.Password is null ? null : DefaultUser;
        return options;
    }

    /// <summary>Servers and path: what may be shown.</summary>
    public static string Place(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals < 0 ? text : text[..Math.Max(0, text.LastIndexOf(',', equals))];
    }

    private static string[] Parts(string text) =>
        text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static void Set(ZooKeeperOptions options, string part)
    {
        var equals = part.IndexOf('=', StringComparison.Ordinal);
        if (equals < 0)
        {
            throw new FormatException(
                "A part behind the first key has no '='. Write servers and path first, and a password without commas."
            );
        }

        var (key, value) = (part[..equals].TrimEnd(), part[(equals + 1)..].TrimStart());
        if (!Settings.TryGetValue(key, out var set))
        {
            var what = options.Password is null
                ? $"'{key}' is no setting"
                : "A part behind the password is no setting, and not shown: write a password without commas";
            throw new FormatException(
                $"{what}. Correct or remove it; known are "
                    + $"{string.Join(", ", Settings.Keys.Order(StringComparer.Ordinal))}."
            );
        }

        if (value.Length == 0)
        {
            throw new FormatException($"'{key}' is empty. Set it, or leave it out.");
        }

        set(options, value);
    }

    private static bool Flag(string value) =>
        bool.TryParse(value, out var flag)
            ? flag
            : throw new FormatException("'ssl' is neither true nor false. Write ssl=true, or leave it out.");
}
