using System.Collections.Concurrent;
using ClusterSession.ChaosTests.Load.Clients;
using ClusterSession.Histories;
using ClusterSession.Histories.Checking;
using ClusterSession.Histories.Checking.Checks;

namespace ClusterSession.ChaosTests.Load;

/// <summary>
/// Many clients against some nodes, everything recorded with one clock. Run it, heal the faults,
/// read everything at the end, then give the history to the checker:
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
    private static readonly TimeSpan NodeDeadline = TimeSpan.FromSeconds(30);

    private int _lastObserver = 1_000_000; // incremented atomically

    public LoadProgram(LoadPlan plan)
    {
        Plan = plan;
        Recorder = new HistoryRecorder(
            new RunInfo
            {
                Name = plan.Name,
                Seed = plan.Seed,
                Nodes = [.. plan.Nodes.Select(n => n.Name)],
                Durability = plan.Durability,
                PlannedFaults = plan.PlannedFaults,
            }
        );
        Sender = new RequestSender(plan, Recorder);
    }

    public LoadPlan Plan { get; }

    public HistoryRecorder Recorder { get; }

    public RequestSender Sender { get; }

    public SessionRegistry Sessions { get; } = new();

    /// <summary>When clients are to make no new request.</summary>
    public CancellationToken Stopping { get; private set; }

    /// <summary>
    /// Ends when every client has made its requests, or has been told to stop and has heard of its
    /// last one.
    /// </summary>
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
        var stealing = Enumerable
            .Range(0, Plan.Thieves)
            .Select(_ => new ThiefClient(this, next++, working))
            .Select(t => Task.Run(t.RunAsync))
            .ToList();
        await Task.WhenAll([working, .. stealing]);
    }

    /// <summary>
    /// Reads every session through every node with the newest cookie its owner was left with. Call
    /// after all faults are healed. What was kept back during an outage may still be on its way, so
    /// the reading is repeated until nothing acknowledged is missing and all nodes agree, or until
    /// the time for that is over; what is read then is final.
    /// </summary>
    /// <param name="settle">How long the cluster may take to come to rest; default 10 s, the
    /// promise for unsent commits.</param>
    /// <exception cref="TimeoutException">A node did not answer at all for a session within 30
    /// s.</exception>
    public async Task ReadEverythingAsync(TimeSpan? settle = null)
    {
        var until = Recorder.NowNs + (long)(settle ?? TimeSpan.FromSeconds(10)).TotalNanoseconds;
        while (true)
        {
            // On a starved machine a pass takes seconds: it counts when the cluster had its time
            // before it.
            var begun = Recorder.NowNs;
            await ReadOnceAsync();
            if (begun > until || IsAtRest(Recorder.ToHistory()))
            {
                return;
            }
            Recorder.NothingIsFinalYet();
            await Task.Delay(100, CancellationToken.None);
        }
    }

    public void Dispose() => Sender.Dispose();

    private static bool IsAtRest(History history)
    {
        var context = new CheckContext(history, CheckOptions.Default);
        return new LostUpdateCheck().Check(context) is { Never: 0, Budget: 0, Forgotten: 0 }
            && new ConvergenceCheck().Check(context).Never == 0;
    }

    private async Task ReadOnceAsync()
    {
        var events = Recorder.ToHistory().Events.GroupBy(e => e.Session).ToDictionary(g => g.Key, g => g.ToList());
        var options = new ParallelOptions { MaxDegreeOfParallelism = 8 };
        var failed = new ConcurrentBag<(string Node, HistoryEvent Read)>();
        var until = Recorder.NowNs + (long)NodeDeadline.TotalNanoseconds;
        await Parallel.ForEachAsync(Sessions.Left(), options, async (jar, _) =>
        {
            var ops = FinalOps(events.GetValueOrDefault(jar.Session) ?? []);
            foreach (var node in Plan.Nodes)
            {
                if (await ReadThroughAsync(jar, node, ops, until) is { } read)
                {
                    failed.Add((node.Name, read));
                }
            }
        });
        if (!failed.IsEmpty)
        {
            throw new TimeoutException(
                "After the run nodes did not answer for sessions: "
                    + string.Join(", ", failed.GroupBy(one => one.Node).Select(node => $"{node.Key}: {node.Count()}"))
                    + string.Concat(failed.Take(5).Select(one => $"{Environment.NewLine}  {one.Node}: {one.Read}"))
            );
        }
    }

    // Each read is a client of its own: none keeps the cookie it is given, so none may expect to
    // see what another one saw. The last answer, where none was a success in time.
    private async Task<HistoryEvent?> ReadThroughAsync(JarState jar, NodeAddress node, List<Op> ops, long until)
    {
        while (true)
        {
            var read = await Sender.SendAsync(
                Interlocked.Increment(ref _lastObserver),
                ClientKind.Observer,
                0,
                jar,
                null,
                node,
                ops,
                EventFlags.Final
            );
            if (read.Result == RequestResult.Ok)
            {
                return null;
            }

            if (Recorder.NowNs > until)
            {
                return read;
            }

            await Task.Delay(20, CancellationToken.None);
        }
    }

    private static List<Op> FinalOps(List<HistoryEvent> events)
    {
        var ops = events.SelectMany(e => e.Ops).ToList();
        return
        [
            Op.List(),
            .. ops.Where(o => o.Kind is OpKind.Set or OpKind.Get)
                .Select(o => o.Key!)
                .Distinct()
                .Order(StringComparer.Ordinal)
                .Select(k => Op.Get(k, null)),
            .. ops.Where(o => o.Kind == OpKind.Counter)
                .Select(o => o.Key!)
                .Distinct()
                .Order(StringComparer.Ordinal)
                .Select(k => Op.CounterRead(k, null)),
        ];
    }
}
