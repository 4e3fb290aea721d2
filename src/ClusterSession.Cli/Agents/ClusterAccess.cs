using ClusterSession.Cli.Shell;
using Microsoft.Extensions.Configuration;

namespace ClusterSession.Cli.Agents;

/// <summary>
/// Where the agents are, and the secret that they want to see: from options, environment, settings.
/// </summary>
internal static class ClusterAccess
{
    public const string AgentsVariable = "CLUSTERSESSION_AGENTS";
    public const string SecretVariable = "CLUSTERSESSION_SECRET";

    private const string Section = "ClusterSession:Failover";
    private static readonly char[] Separators = [',', ';', ' '];

    /// <summary>Addresses of agents: at least one.</summary>
    /// <exception cref="ToolException">There is none, or one is no address.</exception>
    public static IReadOnlyList<Uri> Agents(IReadOnlyList<string> given, string? config, Terminal terminal)
    {
        if (given.Count > 0)
        {
            return [.. given.Select(text => Address(text, "--agent")).Distinct()];
        }

        var named = terminal
            .Environment(AgentsVariable)
            ?.Split(Separators, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            ?? [];
        if (named.Length > 0)
        {
            return [.. named.Select(text => Address(text, AgentsVariable)).Distinct()];
        }

        var members = config is null
            ? []
            : Read(config)
                .GetSection($"{Section}:Members")
                .GetChildren()
                .Select(member => member["Agent"])
                .OfType<string>()
                .Select(text => Address(text, $"{Section}:Members in {config}"))
                .Distinct()
                .ToArray();
        return members.Length > 0
            ? members
            : throw new ToolException(
                ExitCode.Usage,
                "No agent is named.",
                $"Name one by --agent http://host:port, by {AgentsVariable}, or give the settings of an agent by "
                    + "--config."
            );
    }

    /// <summary>
    /// The cluster's secret. It is never an argument, which every user of a computer can read.
    /// </summary>
    /// <exception cref="ToolException">There is none.</exception>
    public static async Task<string> SecretAsync(
        string? file,
        string? config,
        Terminal terminal,
        CancellationToken cancellationToken
    )
    {
        var secret = file is null
            ? terminal.Environment(SecretVariable)
            : await Files.ReadAsync(file, cancellationToken).ConfigureAwait(false);
        secret =
            string.IsNullOrWhiteSpace(secret) && file is null && config is not null
                ? Read(config)[$"{Section}:Secret"]
                : secret;
        return !string.IsNullOrWhiteSpace(secret)
            ? secret.Trim()
            : throw new ToolException(
                ExitCode.Usage,
                file is null ? "The cluster's secret is not given." : $"{file} is empty.",
                $"Give it by --secret-file FILE or {SecretVariable}: it is ClusterSession:Failover:Secret of the "
                    + "agents."
            );
    }

    private static IConfigurationRoot Read(string config)
    {
        try
        {
            return new ConfigurationBuilder().AddJsonFile(Path.GetFullPath(config), optional: false).Build();
        }
        catch (Exception exception)
            when (exception is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            throw new ToolException(
                ExitCode.Usage,
                $"{config} cannot be read: {exception.Message}",
                $"Give a JSON file with the section {Section} by --config."
            );
        }
    }

    private static Uri Address(string text, string source) =>
        Uri.TryCreate(text, UriKind.Absolute, out var address)
        && address.Scheme is "http" or "https"
        && address is { UserInfo: "", Query: "", Fragment: "" }
            ? address
            : throw new ToolException(
                ExitCode.Usage,
                $"{source} names '{text}', which is no address of an agent.",
                "Give it as http://host:port or https://host:port."
            );
}
