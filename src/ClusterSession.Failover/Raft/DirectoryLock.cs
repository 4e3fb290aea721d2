namespace ClusterSession.Failover.Raft;

/// <summary>
/// A server's directory, held by one process: two that wrote the same log would vote twice. The
/// kernel ends it with the process.
/// </summary>
internal sealed class DirectoryLock : IDisposable
{
    private readonly FileStream _file;

    private DirectoryLock(FileStream file) => _file = file;

    /// <exception cref="InvalidOperationException">Another process has it.</exception>
    public static DirectoryLock Take(string directory)
    {
        try
        {
            return new DirectoryLock(
                new FileStream(
                    Path.Combine(directory, "lock"),
                    FileMode.OpenOrCreate,
                    FileAccess.ReadWrite,
                    FileShare.None
                )
            );
        }
        catch (IOException failure)
        {
            throw new InvalidOperationException(
                $"The directory {directory} (Directory) cannot be locked: another agent or voter runs on it, or it "
                    + "cannot be written. Give each process a directory of its own, or end the other one. "
                    + failure.Message,
                failure
            );
        }
    }

    public void Dispose() => _file.Dispose();
}
