using System.Diagnostics;

namespace ShopCluster.Check;

/// <summary>
/// The demo's story, unattended: clients fill carts through the balancer, each node is killed and
/// brought back, and in the end every cart is compared with what was acknowledged.
/// </summary>
internal static class ClusterCheck
{
    private const int Clients = 12;

    /// <summary>Runs it and prints what was seen. The result is the exit code.</summary>
    public static async Task<int> RunAsync(DemoCluster cluster, DemoOptions options, CancellationToken cancellation)
    {
        Console.WriteLine(
            $"{Clients} clients fill carts through nginx; each node is killed and brought back (seed {options.Seed}) ..."
        );
        var watch = Stopwatch.StartNew();
        var tally = new Tally();
        var shop = new ShopConnection(cluster.Address, tally);
        var shoppers = Enumerable
            .Range(1, Clients)
            .Select(number => new Shopper(number, options.Seed + number, shop, tally))
            .ToList();

        using var closing = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var shopping = shoppers.Select(shopper => shopper.RunAsync(closing.Token)).ToList();
        try
        {
            await new NodeKiller(cluster, tally, options.Seed).RunAsync(cancellation);
            if (options.Duration - watch.Elapsed is { Ticks: > 0 } rest)
            {
                await Task.Delay(rest, cancellation);
            }
        }
        finally
        {
            await closing.CancelAsync();
            await Task.WhenAll(shopping);
        }

        var elapsed = watch.Elapsed;
        List<(string Name, Uri Address)> places = [("nginx", cluster.Address)];
        places.AddRange(cluster.Nodes.Select(node => (node.Name, new Uri($"http://127.0.0.1:{node.Port}/"))));
        var audit = await CartAudit.RunAsync(places, shoppers, tally);
        return new CheckReport(cluster, tally, audit, elapsed).Print();
    }
}
