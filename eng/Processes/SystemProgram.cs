using System.Diagnostics;

namespace ClusterSession.Processes;

/// <summary>Runs a program of the system that ends by itself.</summary>
public static class SystemProgram
{
    /// <summary>Its output, if it ends with 0.</summary>
    /// <exception cref="InvalidOperationException">It ended with something else; with the command
    /// and what it printed.</exception>
    public static async Task<string> RunAsync(string binary, params string[] arguments)
    {
        var start = new ProcessStartInfo(ServerBinary.Find(binary), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? await output
            : throw new InvalidOperationException(
                $"{binary} {string.Join(' ', arguments)} ended with {process.ExitCode}: {await errors}{await output}"
            );
    }
}
