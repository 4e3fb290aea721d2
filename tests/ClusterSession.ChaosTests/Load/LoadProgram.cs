using ClusterSession.ChaosTests.Load.Clients;
using ClusterSession.TestKit.Histories;

namespace ClusterSession.ChaosTests.Load;

/// <summary>
/// Many clients against some nodes, everything recorded with one clock. Run it, heal the faults, read everything at the end, then give the history to the checker:
/// <code>
/// using var load = new LoadProgram(plan);
/// var running = load.RunAsync(stop.Token);
/// ... faults, recorded with load.Recorder.BeginFault(...) ...
/// await running;
/// await load.ReadEverythingAsync();
/// var verdict = new HistoryChecker(options).Check(load.Recorder.ToHistory());
/// </code>
/// </summary>
internal sealed class LoadProgram : IDisposable
{
    private const int FirstObserver = 1_000_000;

    public LoadProgram(LoadPlan plan)
    {
        Plan = plan;
        Recorder = new HistoryRecorder(new RunInfo
        {
            Name = plan.Name,
            Seed = plan.Seed,
            Nodes = [.. plan.Nodes.Select(n => n.Name)],
            Durability = plan.Durability,
            PlannedFaults = plan.PlannedFaults,
        });
        Sender = new RequestSender(plan, Recorder);
    }

    public LoadPlan Plan { get; }

    public HistoryRecorder Recorder { get; }

    public RequestSender Sender { get; }

    public SessionRegistry Sessions { get; } = new();

    /// <summary>When clients are to make no new request.</summary>
    public CancellationToken Stopping { get; private set; }

    /// <summary>Ends when every client has made its requests, or has been told to stop and has heard of its last one.</summary>
    public async Task RunAsync(CancellationToken stopping = default)
    {
        Stopping = stopping;
        var owners = new List<LoadClient>();
        var next = 0;
        for (var i = 0; i < Plan.Sequential; i++)
        {
            owners.Add(new SequentialClient(this, next++));
        }
        for (var i = 0; i < Plan.Browsers; i++)
        {
            owners.Add(new BrowserClient(this, next++));
        }
        for (var i = 0; i < Plan.DevicePairs; i++)
        {
            var shared = new SharedSession();
            owners.Add(new DeviceClient(this, next++, shared, isFirst: true));
            owners.Add(new DeviceClient(this, next++, shared, isFirst: false));
        }
        var working = Task.WhenAll(owners.Select(c => Task.Run(c.RunAsync)).ToList());
        var stealing = Enumerable.Range(0, Plan.Thieves).Select(_ => new ThiefClient(this, next++, working)).Select(t => Task.Run(t.RunAsync)).ToList();
        await Task.WhenAll([working, .. stealing]);
    }

    /// <summary>
    /// Reads every session through every node with the cookie its owner was left with, until each node has answered. Call after all faults are healed.
    /// </summary>
    /// <exception cref="TimeoutException">A node did not answer for a session within the deadline (default 30 s).</exception>
    public Task ReadEverythingAsync(TimeSpan? deadline = null)
    {
        var events = Recorder.ToHistory().Events.GroupBy(e => e.Session).ToDictionary(g => g.Key, g => g.ToList());
        var options = new ParallelOptions { MaxDegreeOfParallelism = 8 };
        return Parallel.ForEachAsync(Sessions.All.Where(j => j.State.Cookie is not null), options, async (jar, _) =>
        {
            var ops = FinalOps(events.GetValueOrDefault(jar.Session) ?? []);
            var request = 0;
            foreach (var node in Plan.Nodes)
            {
                var until = Recorder.NowNs + (long)(deadline ?? TimeSpan.FromSeconds(30)).TotalNanoseconds;
                while ((await Sender.SendAsync(FirstObserver + jar.Session, ClientKind.Observer, request++, jar.State, null, node, ops, EventFlags.Final)).Result != RequestResult.Ok)
                {
                    if (Recorder.NowNs > until)
                    {
                        throw new TimeoutException($"Node {node.Name} did not answer for session {jar.Session} after the run.");
                    }
                    await Task.Delay(20, CancellationToken.None);
                }
            }
        });
    }

    public void Dispose() => Sender.Dispose();

    private static List<Op> FinalOps(List<HistoryEvent> events)
    {
        var ops = events.SelectMany(e => e.Ops).ToList();
        return
        [
            Op.List(),
            .. ops.Where(o => o.Kind is OpKind.Set or OpKind.Get).Select(o => o.Key!).Distinct().Order(StringComparer.Ordinal).Select(k => Op.Get(k, null)),
            .. ops.Where(o => o.Kind == OpKind.Counter).Select(o => o.Key!).Distinct().Order(StringComparer.Ordinal).Select(k => Op.CounterRead(k, null)),
        ];
    }
}
