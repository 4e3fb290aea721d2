using System.Diagnostics;
using FullCluster.Check.Fates;
using FullCluster.Load;
using FullCluster.Parts;
using FullCluster.Site;
using ShopCluster;
using ShopCluster.Check;

namespace FullCluster.Check;

/// <summary>The story of the reference deployment, unattended.</summary>
/// <remarks>
/// Two groups of clients. The writes of the second are on the master alone: replication is cut, and
/// both nodes, which would send it again what they have committed, are killed afterwards. Those
/// clients wait until the former master has returned; before that nobody can show them what they
/// wrote. The others go on all the time. Beside them are sessions of which each has a fate of its
/// own: they are grown, rotated and ended on both sides.
/// </remarks>
internal sealed class Story(FullSite site, int seed)
{
    private const string First = "redis-1";
    private const string Second = "redis-2";
    private const int Clients = 6;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly Tally _tally = new();
    private readonly List<StoryLine> _lines = [];
    private readonly List<string> _copies = [];
    private readonly KnownSessions _known = new(site.Address);
    private readonly ReplicaCheck _replicas = new(site);
    private long _merged;

    /// <summary>Walks it and prints the table. The result is the exit code.</summary>
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        Console.WriteLine(
            $"Carts are filled through nginx by {3 * Clients} clients, seed {seed}. Gap: longest without a write.\n"
        );
        var (busy, quiet, late) = (Group(0), Group(1), Group(2));
        StoryTable.PrintHead();

        await StepAsync("carts are filled", false, async () =>
        {
            busy.Start();
            quiet.Start();
            await AnswersAsync(500, busy, cancellation);
            await site.Eyes.AwaitAsync(
                look => look.Ruler == First && look.IsLinked(Second),
                $"{First} is master, and {Second} is connected to it",
                cancellation
            );
            await _known.BeginAsync();
            await busy.StopAsync();
            await quiet.StopAsync();
        });
        await StepAsync("slave1 and slave2 follow redis-1, with everything", false, () =>
            CopiedAsync(First, "at the beginning", cancellation)
        );
        await StepAsync("replication is cut; one second that only redis-1 has", false, async () =>
        {
            await site.Eyes.AwaitAsync(look => look.IsInStep(Second), $"{Second} is in step", cancellation);
            await Task.WhenAll(site.Ports.Replicas.Keys.Append(Second).Select(site.Cut.CutAsync));
            await site.Eyes.AwaitAsync(look => !look.IsLinked(Second), $"{Second} is cut off", cancellation);
            await _replicas.AreCutAsync(cancellation);
            quiet.Start();
            late.Start();
            await Task.WhenAll(Task.Delay(TimeSpan.FromSeconds(1), cancellation), _known.ThereAsync());
            await quiet.StopAsync();
            await late.StopAsync();
        });
        await StepAsync("both nodes killed -9 and back: they know nothing of it", false, async () =>
        {
            foreach (var name in site.Ports.Nodes.Keys)
            {
                await site.Find(name).KillAsync(cancellation);
                await site.Find(name).StartAsync(cancellation);
            }
        });
        busy.Start();
        await StepAsync("redis-1 killed -9: redis-2 becomes master", true, async () =>
        {
            await AnswersAsync(200, busy, cancellation);
            await site.Find(First).KillAsync(cancellation);
            await site.Eyes.AwaitAsync(look => look.Ruler == Second, $"{Second} is master", cancellation);
            await AnswersAsync(200, busy, cancellation);
        });
        await StepAsync("writes go on; anna is logged out everywhere", true, async () =>
        {
            await _known.HereAsync();
            await AnswersAsync(500, busy, cancellation);
        });
        await busy.StopAsync();
        await StepAsync("slave1 and slave2 follow redis-2, with everything", false, () =>
            CopiedAsync(Second, "after the failover", cancellation)
        );
        busy.Start();
        await StepAsync("redis-1 returns, is merged, and is in step", true, () => ReturnAsync(cancellation));
        await StepAsync("the way back: redis-1 is master again", true, async () =>
        {
            await site.Eyes.AwaitAsync(
                look => look.Ruler == First && look.IsLinked(Second),
                $"{First} is master again, and {Second} follows it",
                cancellation
            );
            await AnswersAsync(200, busy, cancellation);
        });
        await busy.StopAsync();
        await StepAsync("slave1 and slave2 follow redis-1, with everything", false, () =>
            CopiedAsync(First, "after the way back", cancellation)
        );
        busy.Start();
        await StepAsync("web-1 killed -9 and back", true, async () =>
        {
            await site.Find("web-1").KillAsync(cancellation);
            await AnswersAsync(200, busy, cancellation);
            await site.Find("web-1").StartAsync(cancellation);
            await AnswersAsync(200, busy, cancellation);
        });
        await StepAsync("nginx reloaded", true, async () =>
        {
            await site.Find("nginx").ReloadAsync(cancellation);
            await AnswersAsync(200, busy, cancellation);
        });
        await StepAsync("all clients shop again", false, async () =>
        {
            quiet.Start();
            late.Start();
            await AnswersAsync(500, busy, cancellation);
            await busy.StopAsync();
            await quiet.StopAsync();
            await late.StopAsync();
        });

        CartLoad[] all = [busy, quiet, late];
        var audit = await CartAudit.RunAsync(site.Places, [.. all.SelectMany(load => load.Shoppers)], _tally);
        var fates = new FateAudit(_known, _tally);
        await fates.AtAsync(site.Places);
        fates.In(First, await CopiedAsync(First, "at the end", cancellation), SiteDirectory.KeyPrefix);
        return new StoryReport(_tally, _lines, _copies, _known.All).Print(audit, fates.Lost);
    }

    private async Task<RedisContent> CopiedAsync(string master, string when, CancellationToken cancellation)
    {
        var content = await _replicas.AwaitAsync(master, cancellation);
        _copies.Add(
            $"{when} {master}, {string.Join(", ", site.Ports.Replicas.Keys)}: {content.Count} keys each, "
                + $"{content.Sessions} of them sessions and logins, the same bytes"
        );
        return content;
    }

    private CartLoad Group(int group)
    {
        var shop = new ShopConnection(site.Address, _tally);
        return new CartLoad([
            .. Enumerable
                .Range(1 + (group * Clients), Clients)
                .Select(number => new Shopper(number, seed + number, shop, _tally)),
        ]);
    }

    private async Task StepAsync(string what, bool hasGap, Func<Task> step)
    {
        var (answered, stale, returned, merged) = (_tally.Answered, _tally.Stale, _tally.Returned, _merged);
        await using var gap = new GapWatch(_tally);
        await step();
        var line = new StoryLine(
            what,
            hasGap ? gap.Longest : null,
            _tally.Answered - answered,
            _tally.Stale - stale,
            _tally.Returned - returned,
            _merged - merged
        );
        _lines.Add(line);
        StoryTable.Print(line);
    }

    private async Task ReturnAsync(CancellationToken cancellation)
    {
        // The count is in what the agents answer from when the merge runs until the member follows.
        var merged = 0L;
        await site.Find(First).StartAsync(cancellation);
        await site.Eyes.AwaitAsync(
            look =>
            {
                merged = Math.Max(merged, look.Merged(First) ?? 0);
                return look.IsLinked(First) && !look.HasLedger;
            },
            $"{First} was merged, and follows {Second}",
            cancellation
        );
        _merged += merged;
    }

    /// <summary>
    /// Waits until so many more requests were answered, under the load that goes on.
    /// </summary>
    private async Task AnswersAsync(int more, CartLoad load, CancellationToken cancellation)
    {
        var goal = _tally.Answered + more;
        for (var watch = Stopwatch.StartNew(); _tally.Answered < goal; )
        {
            await load.CheckAsync();
            if (watch.Elapsed > Deadline)
            {
                throw new DemoException($"{more} requests were not answered within {Deadline.TotalSeconds:0} s.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(5), cancellation);
        }
    }
}
