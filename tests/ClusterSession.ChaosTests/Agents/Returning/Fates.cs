using ClusterSession.ChaosTests.Load;
using ClusterSession.Histories;
using Xunit;

namespace ClusterSession.ChaosTests.Agents.Returning;

/// <summary>
/// Sessions of every <see cref="Fate"/> beside a load. Each request is in the load's history, so
/// that its checker finds what is lost or revived of them too.
/// </summary>
/// <remarks>
/// <code>
/// BeginAsync          both Redis have them
/// AtTheOldAsync       replication is cut: only the old master takes this
/// MeanwhileAsync      the temporary master, which knows nothing of it
/// InTheEndAsync       merged: what had ended anywhere has ended
/// </code>
/// </remarks>
internal sealed class Fates
{
    private const int OfEach = 4;
    private const int Writers = 16;
    private const int FirstOwner = 10_000;
    private const int FirstThief = 20_000;
    private const int FirstWriter = 30_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly LoadProgram _load;
    private readonly List<One> _all = [];
    private int _request;

    private Fates(LoadProgram load)
    {
        _load = load;
        foreach (var fate in Enum.GetValues<Fate>())
        {
            for (var i = 0; i < OfEach; i++)
            {
                _all.Add(new One(fate, _all.Count, load.Sessions.Begin()));
            }
        }
    }

    /// <summary>Begins those that both Redis are to have.</summary>
    public static async Task<Fates> BeginAsync(LoadProgram load)
    {
        var fates = new Fates(load);
        await fates.ForEachAsync(async one =>
        {
            if (one.Fate != Fate.BegunThere)
            {
                await fates.AppendAsync(one);
                (one.Former, one.Second) = (one.Jar.State, one.Jar.Copy());
            }
        });
        return fates;
    }

    /// <summary>What only the master takes that is about to die.</summary>
    public Task AtTheOldAsync() =>
        ForEachAsync(async one =>
        {
            switch (one.Fate)
            {
                case Fate.Ended:
                    await OwnerAsync(one, _ => [Op.Destroy()]);
                    break;
                case Fate.Rotated or Fate.RotatedTwice:
                    await OwnerAsync(one, _ => [Op.Renew()]);
                    await AppendAsync(one);
                    break;
                default:
                    await AppendAsync(one);
                    break;
            }
        });

    /// <summary>What the temporary master takes, which knows nothing of that.</summary>
    /// <param name="commits">So many later commits to the sessions that are changed at
    /// both.</param>
    public async Task MeanwhileAsync(int commits)
    {
        await ForEachAsync(async one =>
        {
            if (one.Fate != Fate.BegunThere)
            {
                // Else that it is over in the end would prove nothing; and what is answered once
                // is no rotation whose result nobody knows.
                Assert.NotEmpty((await StolenAsync(one, At(one), _ => [Op.List()])).Ops[0].Values!);
            }

            switch (one.Fate)
            {
                case Fate.Ended or Fate.Rotated:
                    await StolenAsync(one, At(one), request => [Entry(one, one.Thief, request)]);
                    break;
                case Fate.ChangedThenEnded:
                    await OwnerAsync(one, _ => [Op.List()]);
                    await OwnerAsync(one, _ => [Op.Destroy()]);
                    break;
                case Fate.ChangedThenRotated:
                    await OwnerAsync(one, _ => [Op.List()]);
                    await OwnerAsync(one, _ => [Op.Renew()]);
                    await AppendAsync(one);
                    break;
                case Fate.RotatedTwice:
                    await SecondAsync(one, At(one), _ => [Op.Renew()]);
                    var entry = await SecondAsync(one, At(one), request => [Entry(one, one.Thief, request)]);
                    one.OfSecond = entry.Ops[0].Value;
                    break;
                default:
                    break;
            }
        });
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => WriteAsync(writer, Share(commits, writer))));
    }

    /// <summary>
    /// The cookies of what has ended, or goes on under another id, lead nowhere at any node, and
    /// who has rotated a session meanwhile has it.
    /// </summary>
    public async Task InTheEndAsync()
    {
        foreach (var node in _load.Plan.Nodes)
        {
            await ForEachAsync(async one =>
            {
                if (one.Fate is not (Fate.Changed or Fate.BegunThere))
                {
                    var seen = await StolenAsync(one, node, _ => [Op.List()]);
                    Assert.True(seen.Ops[0].Values is { Count: 0 }, $"{one.Fate}: {seen}");
                }

                if (one.OfSecond is { } entry)
                {
                    var seen = await SecondAsync(one, node, _ => [Op.List()]);
                    Assert.True(seen.Ops[0].Values!.Contains(entry), $"{one.Fate}, {entry}: {seen}");
                }
            });
        }
    }

    private Task ForEachAsync(Func<One, Task> act) => Task.WhenAll(_all.Select(act));

    private Task<HistoryEvent> AppendAsync(One one) => OwnerAsync(one, request => [Entry(one, one.Owner, request)]);

    private Task<HistoryEvent> OwnerAsync(One one, Func<int, IReadOnlyList<Op>> ops) =>
        SendAsync(one.Owner, ClientKind.Sequential, At(one), () => one.Jar.State, one.Jar, ops);

    /// <summary>With the cookie that was there before the replication was cut.</summary>
    private Task<HistoryEvent> StolenAsync(One one, NodeAddress node, Func<int, IReadOnlyList<Op>> ops) =>
        SendAsync(one.Thief, ClientKind.Thief, node, () => one.Former, null, ops);

    private Task<HistoryEvent> SecondAsync(One one, NodeAddress node, Func<int, IReadOnlyList<Op>> ops) =>
        SendAsync(one.Thief, ClientKind.Thief, node, () => one.Second!.State, one.Second, ops);

    /// <summary>Of the writers each gets its share, and the first ones what is left over.</summary>
    private static int Share(int commits, int writer) => (commits + Writers - 1 - writer) / Writers;

    private async Task WriteAsync(int writer, int commits)
    {
        var client = FirstWriter + writer;
        var jars = _all.Where(one => one.Fate == Fate.Changed)
            .Select(one => one with { Jar = one.Jar.Copy() })
            .ToArray();
        for (var i = 0; i < commits; i++)
        {
            var one = jars[(writer + i) % jars.Length];
            await SendAsync(
                client,
                ClientKind.Device,
                At(one),
                () => one.Jar.State,
                one.Jar,
                request => [Entry(one, client, request)]
            );
        }
    }

    /// <summary>
    /// A node may refuse what is newer than its store for a while: it is asked again.
    /// </summary>
    private async Task<HistoryEvent> SendAsync(
        int client,
        ClientKind kind,
        NodeAddress node,
        Func<JarState> sent,
        CookieJar? jar,
        Func<int, IReadOnlyList<Op>> ops
    )
    {
        HistoryEvent? answer = null;
        await Condition.HoldsAsync(
            async () =>
            {
                var request = Interlocked.Increment(ref _request);
                answer = await _load.Sender.SendAsync(client, kind, request, sent(), jar, node, ops(request));
                return answer.Result == RequestResult.Ok;
            },
            $"a request of client {client} is answered",
            Patience
        );
        return answer!;
    }

    private NodeAddress At(One one) => _load.Plan.Nodes[one.Number % _load.Plan.Nodes.Count];

    private static Op Entry(One one, int client, int request) =>
        Op.Append(new SelfDescribingValue(one.Jar.Session, client, request, 0).ToText());

    private sealed record One(Fate Fate, int Number, CookieJar Jar)
    {
        public int Owner => FirstOwner + Number;

        public int Thief => FirstThief + Number;

        public JarState Former { get; set; }

        public CookieJar? Second { get; set; }

        public string? OfSecond { get; set; }
    }
}
