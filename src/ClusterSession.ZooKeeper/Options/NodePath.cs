namespace ClusterSession.ZooKeeper.Options;

/// <summary>
/// Paths of nodes: absolute, without '/' at the end, and below the chroot, which callers do not
/// see.
/// </summary>
internal static class NodePath
{
    /// <summary>The path to prefix; null: none.</summary>
    /// <exception cref="FormatException">It is no path of a node.</exception>
    public static string? Chroot(string? path) =>
        path is null or "" or "/" ? null
        : Fault(path) is { } fault ? throw new FormatException($"The path '{path}' {fault}.")
        : path;

    /// <summary>What is wrong with it; null: nothing.</summary>
    public static string? Fault(string path) =>
        path.Length == 0 || path[0] != '/' ? "does not begin with '/'"
        : path.Length > 1 && path[^1] == '/' ? "ends with '/'"
        : path.Contains('\0', StringComparison.Ordinal) ? "has a character that no server takes"
        : path.Length > 1 && path[1..].Split('/').Any(static part => part is "" or "." or "..")
            ? "has a part that is empty or made of dots"
        : null;

    public static string Full(string? chroot, string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (Fault(path) is { } fault)
        {
            throw new ArgumentException($"The path '{path}' {fault}.", nameof(path));
        }

        return chroot is null ? path
            : path == "/" ? chroot
            : chroot + path;
    }

    public static string Shown(string? chroot, string full) =>
        chroot is null || !full.StartsWith(chroot, StringComparison.Ordinal) ? full
        : full.Length == chroot.Length ? "/"
        : full[chroot.Length..];
}
