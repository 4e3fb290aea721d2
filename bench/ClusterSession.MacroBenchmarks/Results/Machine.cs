using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;

namespace ClusterSession.MacroBenchmarks.Results;

/// <summary>Where and with what a run was made.</summary>
internal sealed record Machine(
    string Processor,
    int Cores,
    double MemoryGiB,
    string Kernel,
    string DotNet,
    string Commit,
    IReadOnlyList<string> Versions,
    string LoadBefore
)
{
    public static async Task<Machine> ReadAsync(string root, bool withPeers)
    {
        var processor = File.ReadLines("/proc/cpuinfo")
            .FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))
            ?.Split(':')[1]
            .Trim()
            ?? RuntimeInformation.ProcessArchitecture.ToString();
        var versions = new List<string>
        {
            Part(await OutputAsync(root, "redis-server", "--version"), "v=", "Redis "),
            "StackExchange.Redis " + Version(typeof(StackExchange.Redis.ConnectionMultiplexer)),
            "FusionCache " + Version(typeof(ZiggyCreatures.Caching.Fusion.FusionCache)),
        };
        if (withPeers)
        {
            versions.Add("Node.js " + await OutputAsync(root, "node", "--version"));
            versions.Add(
                await OutputAsync(
                    root,
                    "sh",
                    "-c",
                    "dpkg-query -W -f 'Tomcat ${Version}' tomcat10-common 2>/dev/null || dpkg-query -W -f 'Tomcat ${Version}' libtomcat10-java"
                )
            );
            versions.Add(
                "Java "
                    + (await OutputAsync(root, "sh", "-c", "java -version 2>&1 | sed -n '1s/.*\"\\(.*\\)\".*/\\1/p'"))
            );
        }

        var dirty = await OutputAsync(root, "git", "status", "--porcelain", "--untracked-files=no") is { Length: > 0 }
            ? " with local changes"
            : "";
        return new Machine(
            processor,
            Environment.ProcessorCount,
            GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1 << 30),
            RuntimeInformation.OSDescription,
            RuntimeInformation.FrameworkDescription,
            await OutputAsync(root, "git", "rev-parse", "--short=10", "HEAD") + dirty,
            [.. versions.Where(version => version.Length > 0)],
            LoadAverage()
        );
    }

    /// <summary>The load average of one minute: what else ran on the machine.</summary>
    public static string LoadAverage() => File.ReadAllText("/proc/loadavg").Split(' ')[0];

    public string Describe() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{Cores} cores of {Processor}, {MemoryGiB:N0} GiB, {Kernel}; {DotNet}, {string.Join(", ", Versions)}; commit {Commit}"
        );

    private static string Version(Type type) =>
        type.Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    private static string Part(string text, string after, string prefix)
    {
        var at = text.IndexOf(after, StringComparison.Ordinal);
        return at < 0 ? "" : prefix + text[(at + after.Length)..].Split(' ')[0];
    }

    private static async Task<string> OutputAsync(string root, string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(
                new ProcessStartInfo(program, arguments)
                {
                    RedirectStandardOutput = true,
                    RedirectStandardError = true,
                    UseShellExecute = false,
                    WorkingDirectory = root,
                }
            )!;
            var error = process.StandardError.ReadToEndAsync();
            var output = await process.StandardOutput.ReadToEndAsync();
            await error;
            await process.WaitForExitAsync();
            return output.Trim();
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return ""; // Not installed.
        }
    }
}
