namespace ClusterSession.Processes;

/// <summary>Finds the executables of real servers; they come from the system's packages.</summary>
public static class ServerBinary
{
    // Debian puts nginx and haproxy where an ordinary user's PATH does not look.
    private static readonly string[] Extra = ["/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/sbin"];

    /// <summary>The full path of an executable.</summary>
    /// <exception cref="ServerProcessException">It is not installed. Tests fail then, they are not
    /// skipped.</exception>
    public static string Find(string name) =>
        TryFind(name)
        ?? throw new ServerProcessException(
            $"'{name}' is not installed. Run ./test from the root of the repository: it installs the servers that are needed."
        );

    /// <summary>The full path of an executable, or null.</summary>
    public static string? TryFind(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(':')
            .Concat(Extra)
            .Where(d => d.Length > 0)
            .Select(d => Path.Combine(d, name))
            .FirstOrDefault(File.Exists);
}
