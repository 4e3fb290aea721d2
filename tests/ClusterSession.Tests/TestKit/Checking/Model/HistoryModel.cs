using System.Collections.Immutable;
using System.Globalization;
using ClusterSession.Histories;

namespace ClusterSession.Tests.TestKit.Checking.Model;

/// <summary>
/// Generates histories that a correct system could have produced, from one seed: a discrete
/// simulation in which each request has four moments,
///
///   invoke ... open (reads see this) ... commit (writes happen here) ... complete
///
/// and other requests come in between. Some are never answered (their commit may happen, even much
/// later), some fail (it does not happen). There are sequential clients, parallel ones whose jar
/// takes cookies in arrival order, second devices and thieves; sessions are renewed and destroyed.
/// </summary>
internal sealed class HistoryModel
{
    private const int Nodes = 3;
    private readonly Random _random;
    private readonly bool _alwaysFresh;
    private readonly PriorityQueue<Action, (long At, int Order)> _agenda = new();
    private readonly List<HistoryEvent> _events = [];
    private readonly List<(ModelClient Owner, ModelSession Session, int Generation, int Token)> _sessions = [];
    private readonly int _seed;
    private long _now;
    private int _order;
    private int _nextClient;

    private HistoryModel(int seed, bool alwaysFresh)
    {
        _seed = seed;
        _random = new Random(seed);
        _alwaysFresh = alwaysFresh;
    }

    /// <param name="alwaysFresh">Reads always see the last commit: the stronger system, which is
    /// linearizable per attribute.</param>
    public static History Generate(int seed, int owners = 6, int requests = 40, bool alwaysFresh = false)
    {
        var model = new HistoryModel(seed, alwaysFresh);
        for (var i = 0; i < owners; i++)
        {
            model.AddOwner(i % 3 == 2 ? ClientKind.Parallel : ClientKind.Sequential, requests);
        }
        while (model._agenda.TryDequeue(out var action, out var priority))
        {
            model._now = priority.At;
            action();
        }
        model.ReadEverythingAtTheEnd();
        return new History
        {
            Run = new RunInfo
            {
                Name = "model",
                Seed = seed,
                Nodes = [.. Enumerable.Range(0, Nodes).Select(NodeName)],
            },
            Events = [.. model._events.OrderBy(e => e.InvokeNs)],
        };
    }

    private void AddOwner(ClientKind kind, int requests)
    {
        var owner = NewClient(kind, NewSession(), requests);
        Follow(owner);
        for (var lane = 0; lane < (kind == ClientKind.Parallel ? 3 : 1); lane++)
        {
            After(_random.Next(1, 200), () => Issue(owner));
        }
    }

    // A device and a thief are given the owner's cookie as it is a little later.
    private void Follow(ModelClient owner)
    {
        foreach (var kind in (ClientKind[])[ClientKind.Device, ClientKind.Thief])
        {
            if (_random.Next(2) == 0)
            {
                After(_random.Next(300, 1500), () =>
                {
                    var follower = NewClient(kind, owner.Session, kind == ClientKind.Thief ? 40 : 15);
                    follower.Token = owner.Token;
                    follower.Generation = owner.Generation;
                    Issue(follower);
                });
            }
        }
    }

    private ModelClient NewClient(ClientKind kind, ModelSession session, int requests)
    {
        var client = new ModelClient(_nextClient++, kind, session) { Left = requests };
        if (kind is ClientKind.Sequential or ClientKind.Parallel)
        {
            _sessions.Add((client, session, 0, 0));
        }
        return client;
    }

    private ModelSession NewSession() => new(_sessions.Count, Nodes);

    private void Issue(ModelClient client)
    {
        if (client.Left-- <= 0)
        {
            return;
        }
        var session = client.Session;
        var node = _random.Next(Nodes);
        var plan = Plan(client, session);
        var dice = _random.Next(100);
        var result =
            dice < 85 ? RequestResult.Ok
            : dice < 95 ? RequestResult.Info
            : RequestResult.Fail;
        var request = new HistoryEvent
        {
            Client = client.Number,
            ClientKind = client.Kind,
            Session = session.Number,
            Generation = client.Generation,
            Request = client.Requests++,
            Node = NodeName(node),
            InvokeNs = _now,
            CompleteNs = _now,
            Result = result,
            TokenSent = Version(client.Token),
        };
        var token = client.Token;
        After(_random.Next(1, 20), () => Open(client, session, request, node, token, plan));
    }

    private void Open(
        ModelClient client,
        ModelSession session,
        HistoryEvent request,
        int node,
        int token,
        List<Op> plan
    )
    {
        var alive = session.Knows(request.Generation);
        var (version, state) = alive
            ? session.Open(node, token, _random, _alwaysFresh)
            : (0, ImmutableSortedDictionary<string, string>.Empty);
        var ops = plan.ConvertAll(op => Execute(op, state));
        var writes = ops.Where(o => o.Kind is not (OpKind.Get or OpKind.List or OpKind.CounterRead)).ToList();
        request = request with
        {
            Served = alive ? Version(version) : null,
            Flags = alive ? EventFlags.None : EventFlags.NewSession,
        };
        if (request.Result == RequestResult.Info)
        {
            // Lost before, during or after the commit; a late one arrives whenever it likes.
            if (_random.Next(2) == 0)
            {
                After(_random.Next(1, _random.Next(4) == 0 ? 3000 : 30), () =>
                    session.Commit(node, request.Generation, writes)
                );
            }
            After(_random.Next(5, 60), () => Complete(client, session, request with { Ops = writes }, null));
            return;
        }
        After(_random.Next(1, 20), () =>
        {
            var committed =
                request.Result == RequestResult.Ok && writes.Count > 0 && alive
                    ? session.Commit(node, request.Generation, writes)
                    : null;
            if (request.Result == RequestResult.Ok && writes.Count > 0 && alive && committed is null)
            {
                request = request with { Result = RequestResult.Fail }; // ended while it ran: answered as not committed
            }
            var answered = request with
            {
                Ops = request.Result == RequestResult.Ok ? ops : writes,
                Served = request.Result == RequestResult.Ok ? request.Served : null,
                Committed = committed is { } v ? Version(v) : null,
            };
            After(_random.Next(1, 20), () => Complete(client, session, answered, committed));
        });
    }

    private void Complete(ModelClient client, ModelSession session, HistoryEvent request, int? committed)
    {
        request = request with { CompleteNs = _now };
        if (client.Kind != ClientKind.Thief && client.Session == session)
        {
            // The cookie of the response that arrives last stays in the jar, whichever is newer. A
            // read that saw more than the token knew must set one too: a model without that was
            // caught by the monotonic reads of the checker.
            var seen = committed
                ?? (request.Result == RequestResult.Ok && request.Served is { } served ? (int)served.Stamp : null);
            client.Token = seen ?? client.Token;
            client.OwnEntries.AddRange(
                request
                    .Ops.Where(o => o.Kind == OpKind.Append && request.Result == RequestResult.Ok)
                    .Select(o => o.Value!)
            );
            request = request with { TokenReceived = seen is { } v ? Version(v) : null };
            Afterwards(client, session, request);
        }
        _events.Add(request);
        var stops = client.Kind == ClientKind.Device && request.Has(EventFlags.NewSession);
        if (!stops)
        {
            After(_random.Next(1, 40), () => Issue(client));
        }
    }

    private void Afterwards(ModelClient client, ModelSession session, HistoryEvent request)
    {
        var ended = request.Ops.Any(o => o.Kind == OpKind.Destroy);
        var renewed = request.Ops.Any(o => o.Kind == OpKind.Renew);
        if (renewed && request.Result == RequestResult.Ok)
        {
            client.Generation = session.Generation;
        }
        else if (
            (ended || renewed)
            && request.Result != RequestResult.Fail
            && client.Kind is ClientKind.Sequential or ClientKind.Parallel
        )
        {
            // Looks once or twice at what it has left, then begins anew.
            for (var i = _random.Next(3); i > 0; i--)
            {
                var look = new ModelClient(_nextClient++, ClientKind.Observer, session)
                {
                    Left = 1,
                    Generation = client.Generation,
                    Token = client.Token,
                };
                After(_random.Next(1, 400), () => Issue(look));
            }
            _sessions[_sessions.FindIndex(s => s.Session == session)] = (
                client,
                session,
                client.Generation,
                client.Token
            );
            client.Session = NewSession();
            client.Generation = 0;
            client.Token = 0;
            client.OwnEntries.Clear();
            _sessions.Add((client, client.Session, 0, 0));
        }
    }

    private List<Op> Plan(ModelClient client, ModelSession session)
    {
        var value = Value(client, session, 0);
        var key = "k" + _random.Next(2);
        if (client.Kind == ClientKind.Observer)
        {
            return [Op.List()];
        }
        var dice = _random.Next(100);
        return dice switch
        {
            < 25 => [Op.Append(value)],
            < 50 => [Op.List()],
            < 65 => [Op.Get(key, null)],
            < 75 => [Op.Set(key, value)],
            < 78 => [Op.Set(key, value), Op.Set(key, Value(client, session, 1))],
            < 82 => [Op.Append(value), Op.List()],
            < 86 => [Op.Counter("c" + client.Number, null)],
            < 90 => [Op.Counter("shared", null)],
            < 95 when client.OwnEntries.Count > 0 && client.Kind != ClientKind.Thief =>
            [
                Op.RemoveEntry(client.OwnEntries[_random.Next(client.OwnEntries.Count)]),
            ],
            < 97 when client.Kind is ClientKind.Sequential => [Op.Renew()],
            < 99 when client.Kind is ClientKind.Sequential or ClientKind.Parallel => [Op.Destroy()],
            _ => [Op.Remove("k1")],
        };
    }

    private static Op Execute(Op op, ImmutableSortedDictionary<string, string> state) =>
        op.Kind switch
        {
            OpKind.Get => Op.Get(op.Key!, state.GetValueOrDefault(op.Key!)),
            OpKind.List => Op.List([
                .. state.Where(e => e.Key.StartsWith("e:", StringComparison.Ordinal)).Select(e => e.Value),
            ]),
            OpKind.Counter => Op.Counter(op.Key!, Number(state, op.Key!) + 1),
            OpKind.CounterRead => Op.CounterRead(op.Key!, Number(state, op.Key!)),
            _ => op,
        };

    private static long Number(ImmutableSortedDictionary<string, string> state, string key) =>
        state.TryGetValue(key, out var text) ? long.Parse(text, CultureInfo.InvariantCulture) : 0;

    private void ReadEverythingAtTheEnd()
    {
        for (var i = 0; i < _sessions.Count; i++)
        {
            var (owner, session, generation, token) = _sessions[i];
            if (owner.Session == session)
            {
                (generation, token) = (owner.Generation, owner.Token);
            }
            session.Settle();
            var counters = _events
                .Where(e => e.Session == session.Number)
                .SelectMany(e => e.Ops)
                .Where(o => o.Kind == OpKind.Counter)
                .Select(o => o.Key!)
                .Distinct();
            List<Op> plan =
            [
                Op.List(),
                Op.Get("k0", null),
                Op.Get("k1", null),
                .. counters.Select(c => Op.CounterRead(c, null)),
            ];
            for (var node = 0; node < Nodes; node++)
            {
                var alive = session.Knows(generation);
                var state = alive
                    ? session.Open(node, token, _random, true).State
                    : ImmutableSortedDictionary<string, string>.Empty;
                _events.Add(
                    new HistoryEvent
                    {
                        Client = _nextClient + i,
                        ClientKind = ClientKind.Observer,
                        Session = session.Number,
                        Generation = generation,
                        Request = node,
                        Node = NodeName(node),
                        InvokeNs = _now += 10_000,
                        CompleteNs = _now += 1_000,
                        Result = RequestResult.Ok,
                        Flags = EventFlags.Final | (alive ? EventFlags.None : EventFlags.NewSession),
                        Ops = plan.ConvertAll(op => Execute(op, state)),
                        TokenSent = Version(token),
                        Served = alive ? Version(session.Last) : null,
                    }
                );
            }
        }
    }

    private void After(long delayMicroseconds, Action action) =>
        _agenda.Enqueue(action, (_now + (delayMicroseconds * 1000), _order++));

    private static string NodeName(int node) => ((char)('A' + node)).ToString();

    private static string Value(ModelClient client, ModelSession session, int op) =>
        new SelfDescribingValue(session.Number, client.Number, client.Requests, op).ToText();

    private static SeenVersion? Version(int version) => version == 0 ? null : new SeenVersion(version, "w");
}
