using ClusterSession.Cli.Shell;

namespace ClusterSession.Cli.Generating;

/// <summary>Secrets of a site: a YAML file. Environment variables override it.</summary>
/// <param name="file">The file, which need not exist where the environment has all of them.</param>
/// <param name="hasCoordinator">Whether the agents log in at ZooKeeper or etcd.</param>
/// <param name="terminal">Has the environment.</param>
internal sealed class SecretSource(string file, bool hasCoordinator, Terminal terminal)
{
    private const int Shortest = 16;

    /// <summary>Reads them.</summary>
    /// <exception cref="ToolException">One is missing, or cannot be used.</exception>
    public async Task<SiteSecrets> ReadAsync(CancellationToken cancellationToken)
    {
        var yaml = File.Exists(file)
            ? YamlReader.Parse(file, await Files.ReadAsync(file, cancellationToken).ConfigureAwait(false))
            : null;
        var secrets = SiteSecrets.From(name =>
            name.Key == SiteSecrets.CoordinatorKey && !hasCoordinator
                ? ""
                : FromEnvironment(name.Variable) ?? FromFile(yaml, name)
        );
        // What the environment overrides is known all the same.
        foreach (var (key, _) in SiteSecrets.Names)
        {
            yaml?.Has(key);
        }

        yaml?.End();
        return secrets;
    }

    /// <summary>Draws them and writes the file.</summary>
    /// <exception cref="ToolException">The file exists.</exception>
    public async Task<SiteSecrets> DrawAsync(CancellationToken cancellationToken)
    {
        if (File.Exists(file))
        {
            throw new ToolException(
                ExitCode.Usage,
                $"{file} exists, and the site may run with what is in it.",
                "Leave --new-secrets out, or move the file away."
            );
        }

        var made = SiteSecrets.New();
        await Files.WriteSecretlyAsync(file, made.ToYaml(), cancellationToken).ConfigureAwait(false);
        return made;
    }

    private string? FromEnvironment(string variable) =>
        terminal.Environment(variable) switch
        {
            null or "" => null,
            var value when IsUsable(value) => value,
            _ => throw new ToolException(
                ExitCode.Usage,
                $"{variable} has fewer than {Shortest} characters, or one that is neither a letter nor a digit.",
                "Set another one, or draw secrets by --new-secrets: programs quote other characters differently."
            ),
        };

    private string FromFile(YamlReader? yaml, (string Key, string Variable) name)
    {
        if (yaml is null)
        {
            throw new ToolException(
                ExitCode.Usage,
                $"{file} does not exist, and {name.Variable} is not set.",
                "Name the file of the site's secrets by secretFile or --secrets, or draw new ones by --new-secrets."
            );
        }

        // A secret is not shown, also where it is wrong.
        var value = yaml.Text(name.Key, _ => true, $"{Shortest} or more letters and digits, or {name.Variable}");
        return IsUsable(value)
            ? value
            : throw yaml.Refusal(
                name.Key,
                $"has fewer than {Shortest} characters, or one that is neither a letter nor a digit.",
                "Let --new-secrets draw one: it goes into files of five programs, which quote differently."
            );
    }

    private static bool IsUsable(string value) => value.Length >= Shortest && value.All(char.IsAsciiLetterOrDigit);
}
