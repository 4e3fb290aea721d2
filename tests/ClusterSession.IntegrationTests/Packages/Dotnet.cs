using System.Diagnostics;

namespace ClusterSession.IntegrationTests.Packages;

/// <summary>Runs programs that end by themselves: the SDK's commands, git.</summary>
internal static class Dotnet
{
    /// <summary>
    /// What <c>dotnet test</c> sets for itself; an SDK that is called from a test must find its
    /// own.
    /// </summary>
    private static readonly string[] OfTheCaller =
    [
        "MSBuildSDKsPath",
        "MSBuildExtensionsPath",
        "MSBUILD_EXE_PATH",
        "MSBuildLoadMicrosoftTargetsReadOnly",
    ];

    /// <summary>Runs <c>dotnet</c> in a directory; its output, if it succeeds.</summary>
    /// <exception cref="InvalidOperationException">It did not; with the command and what it
    /// printed.</exception>
    public static Task<string> RunAsync(string directory, params string[] arguments) =>
        RunProgramAsync("dotnet", directory, arguments);

    /// <summary>Runs any program in a directory; its output, if it succeeds.</summary>
    /// <exception cref="InvalidOperationException">It did not; with the command and what it
    /// printed.</exception>
    public static async Task<string> RunProgramAsync(string program, string directory, params string[] arguments)
    {
        var start = new ProcessStartInfo(ServerBinary.Find(program), arguments)
        {
            WorkingDirectory = directory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in OfTheCaller)
        {
            start.Environment.Remove(name);
        }

        // No process of the build stays behind after the test.
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["UseSharedCompilation"] = "false";
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        start.Environment["DOTNET_NOLOGO"] = "1";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? await output
            : throw new InvalidOperationException(
                $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}: {await errors}{await output}"
            );
    }
}
