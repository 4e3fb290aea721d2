// The demo's runner: starts a store, three nodes of the shop and a balancer as processes of their
// own, keeps them in hand, and either waits for Ctrl-C or plays the check
// (samples/ShopCluster/Check). ./demo calls it.

using System.Runtime.InteropServices;
using ShopCluster;
using ShopCluster.Check;
using ShopCluster.Control;

if (args is ["--help"] or ["-h"])
{
    Console.WriteLine(DemoOptions.Help);
    return 0;
}

if (DemoOptions.Parse(args, out var error) is not { } options)
{
    Console.Error.WriteLine($"demo: {error}");
    return 2;
}

using var stop = new CancellationTokenSource();

// Registered before the first child starts: from here on every way out goes through the disposal
// below.
PosixSignal[] signals = [PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT];
var registrations = signals
    .Select(signal => PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true;
            stop.Cancel();
        }))
    .ToList();

try
{
    await using var cluster = await DemoCluster.StartAsync(options, stop.Token);
    await using var control = await ControlServer.StartAsync(cluster, stop.Token);
    await cluster.OpenAsync(control.Port, stop.Token);

    if (options.Check)
    {
        return await ClusterCheck.RunAsync(cluster, options, stop.Token);
    }

    Console.WriteLine(
        $"""

          The shop:   {cluster.Address}

          three nodes on ports {string.Join(
            ", ",
            cluster.Nodes.Select(node => node.Port)
        )}, Redis on {cluster.StorePort}, nginx in front (round robin, not sticky)
          Ctrl-C ends everything.

        """
    );
    await Task.Delay(Timeout.Infinite, stop.Token);
    return 0;
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    return options.Check ? 130 : 0;
}
catch (Exception failure) when (failure is DemoException or ServerProcessException)
{
    Console.Error.WriteLine($"demo: {failure.Message}");
    return 1;
}
finally
{
    foreach (var registration in registrations)
    {
        registration.Dispose();
    }
}
