using System.CommandLine;
using ClusterSession.Cli.Agents;
using ClusterSession.Cli.Shell;
using ClusterSession.Failover.Face;

namespace ClusterSession.Cli.Commands;

/// <summary>
/// A command that changes something: shows the plan, asks, gives it to an agent and, where it is
/// asked to, waits until the cluster says that it is done.
/// </summary>
internal sealed class ChangeCommand
{
    /// <summary>Name of the command that promotes at once.</summary>
    public const string Now = "now";

    private const double DefaultWait = 30;

    private readonly Option<bool> _plan = new("--plan") { Description = "Show the steps and do nothing." };

    private readonly Option<bool> _yes = new("--yes", "-y") { Description = "Do not ask for confirmation." };

    private readonly Option<bool> _wait = new("--wait")
    {
        Description = "Wait until the cluster says that it is done, and say how long it took.",
    };

    private readonly Option<double> _waitTimeout = new("--wait-timeout")
    {
        Description = "Seconds to wait at most; then the exit code is 7.",
        HelpName = "seconds",
        DefaultValueFactory = _ => DefaultWait,
    };

    private readonly CommonOptions _common;
    private readonly Terminal _terminal;
    private readonly bool _canWait;

    private ChangeCommand(CommonOptions common, Terminal terminal, bool canWait)
    {
        (_common, _terminal, _canWait) = (common, terminal, canWait);
        _waitTimeout.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double>() is not (> 0 and <= 86400))
            {
                result.AddError("--wait-timeout takes seconds above 0, up to 86400.");
            }
        });
    }

    /// <summary>All of them.</summary>
    public static IEnumerable<Command> CreateAll(CommonOptions common, Terminal terminal)
    {
        yield return Switch(common, terminal);
        yield return Failover(common, terminal);
        yield return Maintenance(common, terminal);
        yield return Adopt(common, terminal);
        yield return RaiseEpoch(common, terminal);
        yield return OfMember(
            "reinit",
            "Replaces all data of a member by that of the master, by a full synchronisation.",
            common,
            terminal
        );
        yield return OfMember(
            "discard",
            "DESTROYS what only this member has, so that it may follow the master.",
            common,
            terminal
        );
        yield return OfMember(
            "forget",
            "Removes a member that no longer exists from the cluster, and its data with it.",
            common,
            terminal
        );
    }

    private static Command Switch(CommonOptions common, Terminal terminal)
    {
        var to = new Option<string>("--to")
        {
            Description = "Who becomes master.",
            HelpName = "member",
            Required = true,
        };
        return new ChangeCommand(common, terminal, canWait: true).Build(
            new Command("switch", "Makes another member master, without loss: the present one closes first.") { to },
            parsed => new CommandRequest("switch", parsed.GetValue(to))
        );
    }

    private static Command Failover(CommonOptions common, Terminal terminal)
    {
        var discards = new Option<string[]>("--discard")
        {
            Description = "A member whose data is discarded for it; repeatable.",
            HelpName = "member",
        };
        return new ChangeCommand(common, terminal, canWait: true).Build(
            new Command(
                Now,
                "Makes the most advanced other candidate master now, without waiting for members that are out of "
                    + "sight. \"failover failover\" is the same."
            )
            {
                discards,
            },
            parsed => new CommandRequest(
                "failover",
                Discards: parsed.GetValue(discards) is { Length: > 0 } members ? members : null
            )
        );
    }

    private static Command Maintenance(CommonOptions common, Terminal terminal)
    {
        var state = new Argument<string>("state") { Description = "on or off.", HelpName = "on|off" };
        state.AcceptOnlyFromAmong("on", "off");
        return new ChangeCommand(common, terminal, canWait: false).Build(
            new Command("maintenance", "Stops all deciding, and nothing else, while somebody works on the members.")
            {
                state,
            },
            parsed => new CommandRequest($"maintenance-{parsed.GetValue(state)}")
        );
    }

    private static Command Adopt(CommonOptions common, Terminal terminal) =>
        new ChangeCommand(common, terminal, canWait: false).Build(
            new Command(
                "adopt",
                "Takes the members that the settings of the asked agent name: new ones, new addresses."
            ),
            _ => new CommandRequest("adopt")
        );

    private static Command RaiseEpoch(CommonOptions common, Terminal terminal) =>
        new ChangeCommand(common, terminal, canWait: true).Build(
            new Command(
                "raise-epoch",
                "After the coordination store was lost: lets its epochs go on above those of the data in sight."
            ),
            _ => new CommandRequest("raise-epoch")
        );

    private static Command OfMember(string name, string description, CommonOptions common, Terminal terminal)
    {
        var member = new Argument<string>("member") { Description = "Name of the member." };
        return new ChangeCommand(common, terminal, canWait: false).Build(
            new Command(name, description) { member },
            parsed => new CommandRequest(name, parsed.GetValue(member))
        );
    }

    private Command Build(Command command, Func<ParseResult, CommandRequest> request)
    {
        Option[] own = _canWait ? [_plan, _yes, _wait, _waitTimeout] : [_plan, _yes];
        foreach (var option in own)
        {
            command.Add(option);
        }

        _common.AddTo(command);
        _common.AddSecretTo(command);
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed, request(parsed), cancellationToken));
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CommandRequest request, CancellationToken cancellationToken)
    {
        var secret = await _common.SecretAsync(parsed, _terminal, cancellationToken).ConfigureAwait(false);
        using var client = _common.Client(parsed, _terminal);
        var group = _common.Group(parsed, _terminal, client);
        var printer = new CommandPrinter(_terminal, _common.Format.Of(parsed), request);
        var before = AgentGroup.Best(await group.LookAsync(cancellationToken).ConfigureAwait(false));
        var plan = await group
            .CommandAsync(secret, request with { Plan = true }, cancellationToken)
            .ConfigureAwait(false);
        if (plan.Refusal is not null || !plan.Accepted)
        {
            return await printer.RefusedAsync(plan).ConfigureAwait(false);
        }

        if (parsed.GetValue(_plan))
        {
            return await printer.PlannedAsync(plan, CommandLine.WithoutPlan(parsed)).ConfigureAwait(false);
        }

        if (
            !parsed.GetValue(_yes)
            && !await new Confirmation(_terminal).AskAsync(printer, plan, cancellationToken).ConfigureAwait(false)
        )
        {
            return await printer.NotConfirmedAsync(plan, _terminal.CanAsk).ConfigureAwait(false);
        }

        var waits = _canWait && parsed.GetValue(_wait);
        if (waits && before is null)
        {
            throw new ToolException(
                ExitCode.NoAgent,
                "No agent says how the cluster is, so that nobody could tell when it is done.",
                "Give the command without --wait, or when \"cluster-session failover status\" is answered."
            );
        }

        var began = _terminal.Time.GetTimestamp();
        var answer = await group.CommandAsync(secret, request, cancellationToken).ConfigureAwait(false);
        if (answer.Refusal is not null || !answer.Accepted)
        {
            return await printer.RefusedAsync(answer).ConfigureAwait(false);
        }

        if (!waits)
        {
            return await printer.AcceptedAsync(answer).ConfigureAwait(false);
        }

        var limit = TimeSpan.FromSeconds(parsed.GetValue(_waitTimeout));
        var result = await new ChangeWait(group, _terminal, request.Member, before!)
            .WaitAsync(began, limit, cancellationToken)
            .ConfigureAwait(false);
        return await printer.WaitedAsync(answer, result, _terminal.Time.GetElapsedTime(began)).ConfigureAwait(false);
    }
}
