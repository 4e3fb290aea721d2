using ClusterSession.Histories;
using ClusterSession.Histories.Checking;

namespace ClusterSession.Tests.TestKit.Checking;

/// <summary>
/// Writes small histories by hand. Times are milliseconds; each request gets the next one unless
/// the test says when.
/// </summary>
internal sealed class HistoryBuilder
{
    private readonly List<HistoryEvent> _events = [];
    private readonly List<FaultEvent> _faults = [];
    private readonly Dictionary<int, int> _requests = [];
    private int _now;

    public CheckOptions Options { get; set; } = ModelHistoryTests.NoMinimum;

    public RunInfo Run { get; set; } =
        new()
        {
            Name = "by hand",
            Seed = 0,
            Nodes = [],
        };

    /// <summary>
    /// The value that the given client's n-th request writes as its n-th operation.
    /// </summary>
    public static string Value(int request, int client = 0, int session = 0, int op = 0) =>
        new SelfDescribingValue(session, client, request, op).ToText();

    public HistoryBuilder Add(
        Op[] ops,
        int client = 0,
        int session = 0,
        string node = "A",
        RequestResult result = RequestResult.Ok,
        ClientKind kind = ClientKind.Sequential,
        EventFlags flags = EventFlags.None,
        int generation = 0,
        int? from = null,
        int? to = null,
        long? sent = null,
        long? served = null,
        long? committed = null
    )
    {
        var begin = from ?? ++_now;
        var end = to ?? (from is null ? ++_now : begin + 1);
        _now = Math.Max(_now, end);
        _requests[client] = _requests.GetValueOrDefault(client) + 1;
        _events.Add(
            new HistoryEvent
            {
                Client = client,
                ClientKind = kind,
                Session = session,
                Generation = generation,
                Request = _requests[client],
                Node = node,
                InvokeNs = Ms(begin),
                CompleteNs = Ms(end),
                Result = result,
                Flags = flags,
                Ops = ops,
                TokenSent = Version(sent),
                Served = Version(served),
                Committed = Version(committed),
            }
        );
        return this;
    }

    public HistoryBuilder Final(
        Op[] ops,
        string node = "A",
        int session = 0,
        EventFlags flags = EventFlags.None,
        int generation = 0
    ) =>
        Add(
            ops,
            client: 90,
            session: session,
            node: node,
            kind: ClientKind.Observer,
            flags: flags | EventFlags.Final,
            generation: generation
        );

    public HistoryBuilder Fault(
        string kind,
        string target,
        FaultLayer layer,
        int from,
        int to,
        bool confirmed = true,
        int confirmedAt = 0,
        FaultEffect effect = FaultEffect.Outage,
        string? restarted = null
    )
    {
        _faults.Add(
            new FaultEvent
            {
                Kind = kind,
                Target = target,
                Layer = layer,
                Effect = effect,
                Restarted = restarted,
                StartNs = Ms(from),
                EndNs = Ms(to),
                Confirmed = confirmed,
                ConfirmedNs = Ms(confirmedAt),
            }
        );
        return this;
    }

    public History ToHistory() =>
        new()
        {
            Run = Run,
            Events = _events,
            Faults = _faults,
        };

    public Verdict Check() => new HistoryChecker(Options).Check(ToHistory());

    private static long Ms(int milliseconds) => milliseconds * 1_000_000L;

    private static SeenVersion? Version(long? stamp) => stamp is { } s ? new SeenVersion(s, "w") : null;
}
