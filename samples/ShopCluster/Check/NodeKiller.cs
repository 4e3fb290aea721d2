using System.Diagnostics;
using ShopCluster.Nodes;

namespace ShopCluster.Check;

/// <summary>Kills each node once, in a random order, under load, and starts it again.</summary>
internal sealed class NodeKiller(DemoCluster cluster, Tally tally, int seed)
{
    /// <summary>
    /// As many answers lie between one step and the next: enough that every client has been there a
    /// few times.
    /// </summary>
    private const int AnswersPerStep = 250;

    /// <summary>
    /// A node that came back has to do some of the work before the next one goes.
    /// </summary>
    private const int AnswersAfterReturn = 25;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    public async Task RunAsync(CancellationToken cancellation)
    {
        var order = cluster.Nodes.ToArray();
        new Random(seed).Shuffle(order);
        foreach (var node in order)
        {
            await AnswersAsync(() => tally.Answered, AnswersPerStep, "the nodes", cancellation);
            await node.KillAsync(cancellation);
            await AnswersAsync(() => tally.Answered, AnswersPerStep, $"the nodes other than {node.Name}", cancellation);
            await node.StartAsync(cancellation);
            await AnswersAsync(() => tally.Node(node.Name).Answered, AnswersAfterReturn, node.Name, cancellation);
        }
    }

    private static async Task AnswersAsync(Func<long> count, int more, string who, CancellationToken cancellation)
    {
        var goal = count() + more;
        var watch = Stopwatch.StartNew();
        while (count() < goal)
        {
            if (watch.Elapsed > Deadline)
            {
                throw new DemoException(
                    $"{who} did not answer {more} requests within {Deadline.TotalSeconds} seconds."
                );
            }

            await Task.Delay(TimeSpan.FromMilliseconds(10), cancellation);
        }
    }
}
