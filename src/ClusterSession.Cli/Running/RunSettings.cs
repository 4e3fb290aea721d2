using ClusterSession.Cli.Shell;
using ClusterSession.Failover;
using ClusterSession.Failover.Options;
using Microsoft.Extensions.Configuration;

namespace ClusterSession.Cli.Running;

/// <summary>
/// Settings of a process: a file. Environment variables override it, the command line both.
/// </summary>
internal sealed class RunSettings
{
    private static readonly string[] Secrets = ["Secret", "Password", "Coordinator"];

    private RunSettings(IConfiguration configuration) => Configuration = configuration;

    public IConfiguration Configuration { get; }

    /// <summary>Reads them.</summary>
    /// <exception cref="ToolException">The file cannot be read, or an argument is no
    /// setting.</exception>
    public static RunSettings Read(
        string? config,
        IReadOnlyList<string> set,
        string section = FailoverConfiguration.Section
    )
    {
        var builder = new ConfigurationBuilder();
        try
        {
            if (config is not null)
            {
                builder.AddJsonFile(Path.GetFullPath(config), optional: false);
            }

            return new RunSettings(
                builder
                    .AddEnvironmentVariables("ASPNETCORE_")
                    .AddEnvironmentVariables()
                    .AddInMemoryCollection(set.Select(Parse))
                    .Build()
            );
        }
        catch (Exception exception)
            when (exception is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            throw new ToolException(
                ExitCode.Usage,
                $"{config} cannot be read: {exception.Message}",
                $"Give a JSON file with the section {section} by --config."
            );
        }
    }

    /// <summary>The settings of an agent; what is wrong with them is said at its start.</summary>
    public FailoverOptions Failover()
    {
        var options = new FailoverOptions();
        new FailoverConfiguration(Configuration).Configure(options);
        return options;
    }

    private static KeyValuePair<string, string?> Parse(string text)
    {
        var parts = text.Split('=', 2);
        if (parts is not [{ Length: > 0 } key, var value])
        {
            throw new ToolException(
                ExitCode.Usage,
                $"--set is '{text}', which is no setting.",
                "Give it as Name=redis-a."
            );
        }

        return !Secrets.Any(secret => key.EndsWith(secret, StringComparison.OrdinalIgnoreCase))
            ? new(
                key.Contains(':', StringComparison.Ordinal) || key == "Urls"
                    ? key
                    : $"{FailoverConfiguration.Section}:{key}",
                value
            )
            : throw new ToolException(
                ExitCode.Usage,
                $"--set names {key}, and every user of the computer can read arguments.",
                "Set it in the file of --config, or as an environment variable."
            );
    }
}
