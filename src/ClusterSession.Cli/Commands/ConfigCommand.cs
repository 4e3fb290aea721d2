using System.CommandLine;
using System.Globalization;
using ClusterSession.Cli.Generating;
using ClusterSession.Cli.Generating.Kubernetes;
using ClusterSession.Cli.Output;
using ClusterSession.Cli.Shell;

namespace ClusterSession.Cli.Commands;

/// <summary>Writes every file of a site from one short description of it.</summary>
internal sealed class ConfigCommand
{
    private const string Hosts = "hosts";
    private const string InKubernetes = "kubernetes";

    private readonly Argument<string> _description = new("cluster.yaml")
    {
        Description = "The description of the site.",
    };

    private readonly Option<string> _out = new("--out")
    {
        Description = "Directory to write to. What is in it is written over, nothing else is deleted.",
        HelpName = "directory",
        Required = true,
    };

    private readonly Option<string?> _secrets = new("--secrets")
    {
        Description =
            "YAML file with the site's secrets. Without it: secretFile of the description, then the file in the same "
            + "folder whose name ends in -secrets.yaml. Environment variables override each.",
        HelpName = "file",
    };

    private readonly Option<bool> _newSecrets = new("--new-secrets")
    {
        Description = "Draw secrets and write them to that file, which must not exist, readable by its owner alone.",
    };

    private readonly Option<string> _for = new("--for")
    {
        Description = "What the description is of: hosts with systemd, or an application in Kubernetes.",
        DefaultValueFactory = _ => Hosts,
    };

    private readonly Option<bool> _loopback = new("--loopback")
    {
        Description =
            "For a trial on one machine: all hosts are 127.0.0.1, all directories are below --out. Ports must differ.",
    };

    /// <summary>The command.</summary>
    public static Command Create(FormatOption format, Terminal terminal) => new ConfigCommand().Build(format, terminal);

    private Command Build(FormatOption format, Terminal terminal)
    {
        _for.AcceptOnlyFromAmong(Hosts, InKubernetes);
        var generate = new Command("generate", "Writes every file of a site from one description of it.")
        {
            _description,
            _out,
            _secrets,
            _newSecrets,
            _for,
            _loopback,
        };
        generate.SetAction(
            async (parsed, cancellationToken) =>
            {
                var report = await RunAsync(parsed, terminal, cancellationToken).ConfigureAwait(false);
                await PrintAsync(report, format.Of(parsed), terminal).ConfigureAwait(false);
                return report.ExitCode;
            }
        );
        return new Command("config", "The configuration of a site.") { generate };
    }

    private async Task<ConfigReport> RunAsync(
        ParseResult parsed,
        Terminal terminal,
        CancellationToken cancellationToken
    )
    {
        var description = parsed.GetValue(_description)!;
        var directory = Path.GetFullPath(parsed.GetValue(_out)!);
        var text = await Files.ReadAsync(description, cancellationToken).ConfigureAwait(false);
        if (parsed.GetValue(_for) == InKubernetes)
        {
            var described = KubernetesReader.Read(description, text);
            RefuseLoopback(parsed);
            var known = await SecretsAsync(
                    parsed,
                    description,
                    described.SecretFile,
                    false,
                    terminal,
                    cancellationToken
                )
                .ConfigureAwait(false);
            var manifests = KubernetesFiles.Of(described, known);
            return await WriteAllAsync(manifests, described.Cluster, directory, cancellationToken)
                .ConfigureAwait(false);
        }

        var site = SiteReader.Read(description, text, parsed.GetValue(_loopback) ? directory : null);
        var secrets = await SecretsAsync(
                parsed,
                description,
                site.SecretFile,
                site.HasCoordinatorPassword,
                terminal,
                cancellationToken
            )
            .ConfigureAwait(false);
        var report = await WriteAllAsync(SiteFiles.Of(site, secrets), site.Cluster, directory, cancellationToken)
            .ConfigureAwait(false);
        foreach (var data in site.IsLoopback ? SiteFiles.Directories(site) : [])
        {
            Directory.CreateDirectory(data);
        }

        return report;
    }

    private void RefuseLoopback(ParseResult parsed)
    {
        if (parsed.GetValue(_loopback))
        {
            throw new ToolException(
                ExitCode.Usage,
                "--loopback does not go with --for kubernetes, whose pods have addresses of their own.",
                "Leave one of them out."
            );
        }
    }

    private static async Task<ConfigReport> WriteAllAsync(
        IReadOnlyList<GeneratedFile> files,
        string cluster,
        string directory,
        CancellationToken cancellationToken
    )
    {
        foreach (var file in files)
        {
            await WriteAsync(Path.Combine(directory, file.Path), file, cancellationToken).ConfigureAwait(false);
        }

        return new ConfigReport(
            CommandOutcome.Done,
            ExitCode.Done,
            cluster,
            directory,
            [.. files.Select(file => new FileReport(file.Path, file.IsSecret))]
        );
    }

    private static async Task PrintAsync(ConfigReport report, OutputFormat format, Terminal terminal)
    {
        if (format == OutputFormat.Json)
        {
            await terminal.Output.WriteLineAsync(CommandJson.Text(report)).ConfigureAwait(false);
            return;
        }

        await terminal
            .Output.WriteLineAsync(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{report.Files.Count} files of {report.Cluster} in {report.Directory}."
                )
            )
            .ConfigureAwait(false);
        foreach (var file in report.Files)
        {
            await terminal
                .Output.WriteLineAsync(file.IsSecret ? $"  {file.Path}  (secret)" : $"  {file.Path}")
                .ConfigureAwait(false);
        }
    }

    private Task<SiteSecrets> SecretsAsync(
        ParseResult parsed,
        string description,
        string? named,
        bool hasCoordinator,
        Terminal terminal,
        CancellationToken cancellationToken
    )
    {
        var beside = Path.GetDirectoryName(Path.GetFullPath(description))!;
        var file = parsed.GetValue(_secrets)
            ?? Path.Combine(beside, named ?? $"{Path.GetFileNameWithoutExtension(description)}-secrets.yaml");
        var source = new SecretSource(file, hasCoordinator, terminal);
        return parsed.GetValue(_newSecrets) ? source.DrawAsync(cancellationToken) : source.ReadAsync(cancellationToken);
    }

    private static async Task WriteAsync(string path, GeneratedFile file, CancellationToken cancellationToken)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            if (!file.IsSecret)
            {
                await File.WriteAllTextAsync(path, file.Text, cancellationToken).ConfigureAwait(false);
                return;
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ToolException(
                ExitCode.Failed,
                $"{path} cannot be written: {exception.Message}",
                "Give a directory that you may write."
            );
        }

        await Files.WriteSecretlyAsync(path, file.Text, cancellationToken).ConfigureAwait(false);
    }
}
