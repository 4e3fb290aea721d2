namespace ClusterSession.Processes;

/// <summary>A directory that is gone after the test.</summary>
public sealed class TemporaryDirectory : IDisposable
{
    /// <summary>Creates it below the system's temporary directory.</summary>
    public TemporaryDirectory() => Path = Directory.CreateTempSubdirectory("cluster-session-").FullName;

    /// <summary>Its full path.</summary>
    public string Path { get; }

    /// <summary>The path of a file in it.</summary>
    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (IOException)
        {
            // A server that was just killed may still be closing a file; the system's cleaning
            // takes the rest.
        }
    }
}
