namespace FullCluster.Site;

/// <summary>How programs are started that lie beside this one.</summary>
internal static class Dotnet
{
    /// <summary>
    /// The same runtime as this process has, which need not be the one on the PATH.
    /// </summary>
    public static string Host =>
        Environment.ProcessPath is { } path && Path.GetFileName(path) == "dotnet" ? path : "dotnet";

    /// <summary>The command line of cluster-session.</summary>
    public static IEnumerable<string> Tool(params IEnumerable<string> arguments) =>
        Program("cluster-session.dll", arguments);

    /// <summary>The command line of a node.</summary>
    public static IEnumerable<string> Shop(params IEnumerable<string> arguments) => Program("Shop.dll", arguments);

    private static IEnumerable<string> Program(string name, IEnumerable<string> arguments) =>
        ["exec", Path.Combine(AppContext.BaseDirectory, name), .. arguments];
}
