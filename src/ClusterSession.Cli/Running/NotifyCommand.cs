using System.CommandLine;
using System.Globalization;
using ClusterSession.Cli.Output;
using ClusterSession.Cli.Shell;
using ClusterSession.Failover;
using ClusterSession.Failover.Control;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Hosting;
using ClusterSession.Failover.Notifying;
using ClusterSession.Failover.Options;

namespace ClusterSession.Cli.Running;

/// <summary>What keepalived runs where it alone decides which Redis is the master.</summary>
/// <remarks>
/// It runs for as long as keepalived has said nothing else: as master it renews the record without
/// which its Redis takes no writes, as backup it waits for the other host and follows it anew where
/// that opens under another epoch. After <c>fault</c> and <c>stop</c> it ends once its Redis is
/// closed.
/// </remarks>
internal sealed class NotifyCommand
{
    private const string Again = "again";

    private readonly Argument<string> _state = new("state")
    {
        Description =
            "master, backup, fault or stop: what keepalived has become. 'again' resumes the last one, if its process "
            + "was killed.",
    };

    private readonly Option<string> _config = new("--config")
    {
        Description = "Settings as JSON, with the section ClusterSession:Failover.",
        HelpName = "file",
        Required = true,
    };

    private NotifyCommand() => _state.AcceptOnlyFromAmong("master", "backup", "fault", "stop", Again);

    public static Command Create(FormatOption format, Terminal terminal)
    {
        var options = new NotifyCommand();
        var command = new Command(
            "notify",
            "keepalived's notify command, for two hosts on which it alone decides: opens, closes, merges, follows."
        )
        {
            options._state,
            options._config,
        };
        command.SetAction(
            (parsed, cancellation) =>
                RunAsync(
                    parsed.GetValue(options._state)!,
                    parsed.GetValue(options._config)!,
                    (notice, sentence) => Tell(notice, sentence, format.Of(parsed), terminal),
                    terminal.Time,
                    cancellation
                )
        );
        return command;
    }

    private static async Task<int> RunAsync(
        string state,
        string config,
        Action<Notice, string> tell,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var options = RunSettings.Read(config, []).Failover();
        Check(options);
        var notices = new NoticeDirectory(options.Directory!, time);
        var notice = state == Again ? notices.Last() : Notice.Own(Enum.Parse<NotifiedState>(state, ignoreCase: true));
        if (notice is null)
        {
            return ExitCode.Done; // keepalived has said nothing since this host was started.
        }

        if (state != Again)
        {
            notices.Add(notice);
        }

        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var superseded = EndAsync(notices, notice, ending);
        try
        {
            using var held =
                state == Again ? notices.TryLock() : await notices.LockAsync(ending.Token).ConfigureAwait(false);
            return held is null
                ? ExitCode.Done // Another process is at it.
                : await ActAsync(options, notices, notice, tell, time, ending.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (notices.Last() != notice)
        {
            return ExitCode.Done;
        }
        finally
        {
            await ending.CancelAsync().ConfigureAwait(false);
            await superseded.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Cancels when keepalived has said something else.</summary>
    private static async Task EndAsync(NoticeDirectory notices, Notice notice, CancellationTokenSource ending)
    {
        await notices.SupersededAsync(notice, ending.Token).ConfigureAwait(false);
        await ending.CancelAsync().ConfigureAwait(false);
    }

    private static async Task<int> ActAsync(
        FailoverOptions options,
        NoticeDirectory notices,
        Notice notice,
        Action<Notice, string> tell,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var settings = new NotifySettings(options.Ttl, options.Deadline, options.FollowWithoutCopy);
        var (self, other) = (Member(options, isSelf: true), Member(options, isSelf: false));
        await using var links = new RedisLinks(options, time);
        await using var own = (RedisControl)links.Own(self);
        var redis = new NotifiedRedis(own, links.Of(other), other, settings, notices, time, sentence =>
            tell(notice, sentence)
        );

        // keepalived does not wait for a Redis that is frozen; its record ends by itself.
        using var limit = new CancellationTokenSource(options.Ttl, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(
            cancellation,
            notice.State == NotifiedState.Stop ? limit.Token : CancellationToken.None
        );
        try
        {
            await redis.RunAsync(notice.State, either.Token).ConfigureAwait(false);
            notices.End(notice);
            return ExitCode.Done;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new ToolException(
                ExitCode.Failed,
                $"The Redis of {self.Name} did not answer within {options.Ttl.TotalSeconds:0.#} s, and may be open.",
                "It takes no more writes: its record has expired. When it answers, close it by giving the command "
                    + "again."
            );
        }
    }

    private static void Tell(Notice notice, string sentence, OutputFormat format, Terminal terminal)
    {
        var now = terminal.Time.GetUtcNow();
        terminal.Output.WriteLine(
            format == OutputFormat.Json
                ? CommandJson.Line(new NotifyReport(now, $"{notice.State}", sentence))
                : string.Create(CultureInfo.InvariantCulture, $"{now:u} {notice.State}: {sentence}")
        );
    }

    private static ClusterMember Member(FailoverOptions options, bool isSelf) =>
        options
            .Members.Where(member => member.Name == options.Name == isSelf)
            .Select(member => new ClusterMember(member.Name!, member.Redis!, "", MemberKind.Candidate))
            .Single();

    private static void Check(FailoverOptions options)
    {
        const string Section = FailoverConfiguration.Section;
        string?[] wrong =
        [
            .. options.ReadErrors,
            options.Voter is null
                ? null
                : $"{Section}:Voter is set, and nobody votes where keepalived alone decides. Remove it.",
            options.Members.Count(member => member.Name == options.Name) == 1 && options.Members.Count == 2
                ? null
                : $"{Section}:Members has {options.Members.Count} members, and Name is '{options.Name}'. "
                    + "Name two members, of which Name is one.",
            .. options
                .Members.Where(member => !RedisAddress.TryParse(member.Redis ?? "", out _))
                .Select(member =>
                    $"{Section}:Members: Redis of {member.Name} is '{member.Redis}'. Write it as host:port."
                ),
            Missing("Directory", options.Directory),
            Missing("Secret", options.Secret),
            Missing("KeyPrefix", options.KeyPrefix),
            Missing("RedisPassword", options.RedisPassword),
        ];
        if (wrong.OfType<string>().ToArray() is { Length: > 0 } all)
        {
            throw new ToolException(
                ExitCode.Usage,
                string.Join(" ", all),
                "Correct the settings: docs/how-to/keepalived-alone.md names those of this command."
            );
        }

        static string? Missing(string name, string? value) =>
            string.IsNullOrEmpty(value) ? $"{Section}:{name} is not set." : null;
    }
}
