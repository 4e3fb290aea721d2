using System.Text;

namespace ClusterSession.Cli.Shell;

/// <summary>Files that hold secrets, with failures that say what to do.</summary>
internal static class Files
{
    /// <exception cref="ToolException">It cannot be read.</exception>
    public static async Task<string> ReadAsync(string file, CancellationToken cancellationToken)
    {
        try
        {
            return await File.ReadAllTextAsync(file, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ToolException(
                ExitCode.Usage,
                $"{file} cannot be read: {exception.Message}",
                "Give a file that you may read."
            );
        }
    }

    /// <summary>Writes a file that its owner alone may read.</summary>
    /// <exception cref="ToolException">It cannot be written.</exception>
    public static async Task WriteSecretlyAsync(string file, string text, CancellationToken cancellationToken)
    {
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            await using var stream = new FileStream(file, options);
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(stream.SafeFileHandle, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }

            await stream.WriteAsync(Encoding.UTF8.GetBytes(text), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ToolException(
                ExitCode.Failed,
                $"{file} cannot be written: {exception.Message}",
                "Give a path that you may write."
            );
        }
    }
}
