using ClusterSession.ChaosTests.Cluster;
using ClusterSession.ChaosTests.Load;
using ClusterSession.Histories;
using ClusterSession.Histories.Checking;
using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.ChaosTests.Scenarios;

/// <summary>
/// A scenario: load on a cluster, faults told one after the other, then everything is read through
/// every node and the history is judged.
/// </summary>
internal sealed class Story
{
    /// <summary>
    /// Of how many sessions all requests are shown, for each rule that was violated.
    /// </summary>
    private const int MaxWitnesses = 3;

    private readonly LoadProgram _load;
    private readonly ITestOutputHelper _output;

    private Story(LoadProgram load, ITestOutputHelper output) => (_load, _output) = (load, output);

    /// <summary>For requests that the story makes itself.</summary>
    public LoadProgram Load => _load;

    /// <summary>
    /// How often a fault is repeated: a few times, or as often as an issue's acceptance asks for
    /// under <c>./test --long</c>.
    /// </summary>
    public static int Times(int normally, int atLength) =>
        Environment.GetEnvironmentVariable("CLUSTERSESSION_LONG") == "1" ? atLength : normally;

    /// <summary>
    /// How often what takes half a minute each time is repeated under <c>./test --long</c>: five
    /// times, or as often as CLUSTERSESSION_RUNS says. The pages have the figures of 20.
    /// </summary>
    public static int LongRuns =>
        int.TryParse(Environment.GetEnvironmentVariable("CLUSTERSESSION_RUNS"), out var runs) ? runs : 5;

    public static int NewSeed() =>
        Environment.GetEnvironmentVariable("CLUSTERSESSION_SEED") is { Length: > 0 } given
            ? int.Parse(given, System.Globalization.CultureInfo.InvariantCulture)
            : Environment.TickCount;

    /// <summary>
    /// A load that stays at its node, as behind a sticky balancer: every session has a local copy
    /// where it is asked for. At length it is 500 sessions with about 2,000 commits a second (of
    /// the requests 55 % commit), otherwise a few clients as fast as they come.
    /// </summary>
    public static LoadPlan Sticky(string name, ChaosCluster cluster, params string[] faults) =>
        Sticky(name, cluster.Addresses, faults);

    /// <inheritdoc cref="Sticky(string, ChaosCluster, string[])"/>
    public static LoadPlan Sticky(string name, IReadOnlyList<NodeAddress> nodes, params string[] faults) =>
        new()
        {
            Name = name,
            Seed = NewSeed(),
            Nodes = nodes,
            Sequential = Times(normally: 16, atLength: 500),
            Browsers = 2,
            DevicePairs = 0,
            Thieves = 1,
            Affinity = Affinity.Sticky,
            Think = TimeSpan.FromMilliseconds(Times(normally: 10, atLength: 260)),
            PlannedFaults = faults,
            Renews = false,
            Destroys = false,
        };

    /// <summary>Tells the story and judges it.</summary>
    public static async Task<Verdict> TellAsync(
        ITestOutputHelper output,
        LoadPlan plan,
        CheckOptions options,
        Func<Story, Task> faults
    )
    {
        using var load = new LoadProgram(plan);
        using var stop = new CancellationTokenSource();
        var story = new Story(load, output);
        var running = load.RunAsync(stop.Token);
        var (lasted, commits) = (TimeSpan.Zero, 0);
        try
        {
            await story.GoOnAsync();
            await faults(story);
            await story.GoOnAsync();
            (lasted, commits) = (TimeSpan.FromMicroseconds(load.Recorder.NowNs / 1000), load.Recorder.Commits);
        }
        finally
        {
            await stop.CancelAsync();
            await running;
        }

        await load.ReadEverythingAsync();
        var verdict = new HistoryChecker(options).Check(load.Recorder.ToHistory());
        output.WriteLine(
            $"{commits} commits were acknowledged in {lasted.TotalSeconds:0.0} s, {commits / lasted.TotalSeconds:0} a second"
        );
        output.WriteLine(verdict.ToString());
        output.WriteLine(story.Witness(verdict));
        var slowest = load
            .Recorder.ToHistory()
            .Events.Where(e => e.CompleteNs != long.MaxValue)
            .MaxBy(e => e.CompleteNs - e.InvokeNs);
        output.WriteLine($"the slowest request took {(slowest?.CompleteNs - slowest?.InvokeNs) / 1e6:0} ms: {slowest}");
        return verdict;
    }

    /// <summary>As <see cref="TellAsync"/>, and nothing may have been violated.</summary>
    public static async Task<Verdict> TellWithoutLossAsync(
        ITestOutputHelper output,
        LoadPlan plan,
        CheckOptions options,
        Func<Story, Task> faults
    )
    {
        var verdict = await TellAsync(output, plan, options, faults);
        Assert.True(verdict.Outcome == VerdictOutcome.Passed, verdict.ToString());
        return verdict;
    }

    /// <summary>
    /// All requests of the sessions that the violations are about, of the first ones of each kind.
    /// </summary>
    public string Witness(Verdict verdict)
    {
        var sessions = verdict
            .Violations.Where(violation => violation.Witness.Count > 0)
            .GroupBy(violation => violation.Rule)
            .SelectMany(rule => rule.Select(violation => violation.Witness[0].Session).Distinct().Take(MaxWitnesses))
            .ToHashSet();
        return string.Join(
            Environment.NewLine,
            _load
                .Recorder.ToHistory()
                .Events.Where(request => sessions.Contains(request.Session))
                .GroupBy(request => request.Session)
                .SelectMany(session =>
                    session.Select(request => $"  {request}").Prepend($"all requests of session {session.Key}:")
                )
        );
    }

    /// <summary>Waits until the load has made some more requests.</summary>
    public Task GoOnAsync(int requests = 400)
    {
        var until = _load.Recorder.Count + requests;
        return Condition.HoldsAsync(
            () => Task.FromResult(_load.Recorder.Count >= until),
            $"the load makes {requests} more requests",
            TimeSpan.FromSeconds(60)
        );
    }

    /// <summary>Waits until the load has made some more acknowledged commits.</summary>
    public Task CommitsAsync(int commits)
    {
        var until = _load.Recorder.Commits + commits;
        return Condition.HoldsAsync(
            () => Task.FromResult(_load.Recorder.Commits >= until),
            $"{commits} more commits are acknowledged",
            TimeSpan.FromSeconds(60)
        );
    }

    public Task FaultAsync(string kind, string target, Func<Task> cause, Func<Task> confirm, Func<Task>? heal = null) =>
        FaultAsync(kind, target, FaultLayer.Store, cause, confirm, heal);

    /// <summary>One fault: caused, seen to have happened, healed.</summary>
    /// <param name="effect">What it may cost those who use the cluster.</param>
    /// <param name="restarted">The node that ends, or is started anew, meanwhile.</param>
    public async Task FaultAsync(
        string kind,
        string target,
        FaultLayer layer,
        Func<Task> cause,
        Func<Task> confirm,
        Func<Task>? heal = null,
        FaultEffect effect = FaultEffect.Outage,
        string? restarted = null
    )
    {
        var fault = _load.Recorder.BeginFault(kind, target, layer, effect: effect, restarted: restarted);
        await cause();
        await confirm();
        fault.Confirm();
        if (heal is not null)
        {
            await heal();
        }

        fault.Heal();
        _output.WriteLine(fault.Fault.ToString());
    }

    /// <summary>
    /// Requests, of every kind of client, that were not answered with success although their node
    /// had the session: it had answered a request that brought this very cookie, or had itself
    /// given it out. A cookie that another node wrote meanwhile may name what this one cannot have.
    /// Sessions that were ended are left out, and nodes that were killed since. One that is still
    /// under way has no note yet, and has not failed.
    /// </summary>
    public IReadOnlyList<string> FailedRequests()
    {
        var history = _load.Recorder.ToHistory();
        var shown = new Dictionary<(int Session, string Node, SeenVersion Token), HistoryEvent>();
        foreach (
            var answered in history.Events.Where(e => e.Result == RequestResult.Ok && !e.Has(EventFlags.NewSession))
        )
        {
            foreach (
                var token in new[] { answered.TokenSent, answered.TokenReceived, answered.Served }.OfType<SeenVersion>()
            )
            {
                var key = (answered.Session, answered.Node, token);
                shown[key] =
                    shown.TryGetValue(key, out var earlier) && earlier.CompleteNs < answered.CompleteNs
                        ? earlier
                        : answered;
            }
        }

        var ends = history
            .Events.Where(e => e.Ops.Any(op => op.Kind == OpKind.Destroy))
            .GroupBy(e => e.Session)
            .ToDictionary(g => g.Key, g => g.Min(e => e.InvokeNs));
        var counted = history
            .Events.Where(e =>
                e is { TokenSent: not null, Note: not null }
                && shown.TryGetValue((e.Session, e.Node, e.TokenSent.Value), out var since)
                && since.CompleteNs < e.InvokeNs
                && ends.GetValueOrDefault(e.Session, long.MaxValue) > e.CompleteNs
                && !history.Faults.Any(f =>
                    f.Layer == FaultLayer.Node
                    && f.Target == e.Node
                    && f.EndNs > since.CompleteNs
                    && f.StartNs < e.CompleteNs
                )
            )
            .ToList();
        _output.WriteLine($"{counted.Count} of {history.Events.Count} requests came to a node that had their session");
        Assert.NotEmpty(counted);
        return
        [
            .. counted
                .Where(e => e.Result != RequestResult.Ok)
                .Select(e => $"{e}{Environment.NewLine}  after {shown[(e.Session, e.Node, e.TokenSent!.Value)]}"),
        ];
    }

    /// <summary>
    /// Lets a fault last as long as it is meant to (its length is the point, so there is nothing
    /// else to wait for), with the load still being answered after that.
    /// </summary>
    public async Task LastsAsync(TimeSpan time, int requests = 50)
    {
        await Task.Delay(time);
        await GoOnAsync(requests);
    }

    /// <summary>
    /// Acknowledged writes that are not there at the end, those included that an option excuses
    /// because the session reported a regression: what is missing during a fault may be told, what
    /// is missing after it is lost.
    /// </summary>
    public static long LostForGood(Verdict verdict) => verdict["lost updates"].Never + verdict["lost updates"].Budget;
}
