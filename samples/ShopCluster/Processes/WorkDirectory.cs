using System.Globalization;

namespace ShopCluster.Processes;

/// <summary>
/// A temporary directory that is gone when the demo is over; what a killed demo left is removed by
/// the next one.
/// </summary>
internal sealed class WorkDirectory : IDisposable
{
    private const string Prefix = "clustersession-demo-";

    public WorkDirectory()
    {
        RemoveOrphans();
        // The owner's process id is in the name: that is how the next run knows whether the owner
        // still lives.
        Path = Directory
            .CreateTempSubdirectory(string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Environment.ProcessId}-"))
            .FullName;
    }

    public string Path { get; }

    /// <summary>A path inside.</summary>
    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(Path, recursive: true);

    private static void RemoveOrphans()
    {
        foreach (var directory in Directory.EnumerateDirectories(System.IO.Path.GetTempPath(), Prefix + "*"))
        {
            var owner = System.IO.Path.GetFileName(directory)[Prefix.Length..].Split('-')[0];
            if (Directory.Exists($"/proc/{owner}"))
            {
                continue;
            }

            try
            {
                Directory.Delete(directory, recursive: true);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // Another user's, or another demo is removing it at this moment.
            }
        }
    }
}
