// The reference deployment on one machine: has its files generated, starts what they describe as
// processes of their own, shows it on a page, and either waits for Ctrl-C or walks the story
// (samples/FullCluster/Check). ./demo --full calls it.

using System.Globalization;
using System.Runtime.InteropServices;
using FullCluster;
using FullCluster.Check;
using FullCluster.Control;
using FullCluster.Load;
using FullCluster.Parts;
using FullCluster.Site;
using ShopCluster;
using ShopCluster.Processes;

if (args.Any(argument => argument is "--help" or "-h"))
{
    Console.WriteLine(FullOptions.Help);
    return 0;
}

if (FullOptions.Parse(args, out var error) is not { } options)
{
    Console.Error.WriteLine($"demo: {error}");
    return 2;
}

// The table reads the same everywhere.
CultureInfo.CurrentCulture = CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture;

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
    if (options.Port != 0)
    {
        Ports.RequireFree(options.Port);
    }

    await using var network = await SiteNetwork.CreateAsync(options.HasKeepalived);
    var ports = new SitePorts(network, options.ZooKeepers);
    using var directory = await SiteDirectory.CreateAsync(network, ports, options.Keep, stop.Token);
    await using var site = await FullSite.StartAsync(directory, network, ports, stop.Token);
    if (options.Check)
    {
        return await new Story(site, options.Seed).RunAsync(stop.Token);
    }

    var load = new LiveLoad(site, options.Seed);
    await using var control = await ControlServer.StartAsync(site, load, options.Port, stop.Token);
    Console.WriteLine(
        $"""

          The picture:  {control.Address}
          The shop:     {site.Address}

          Files, logs and data are in {directory.Root}.
          Ctrl-C ends everything.

        """
    );
    _ = load.RunAsync(stop.Token);
    await Task.Delay(Timeout.Infinite, stop.Token);
    return 0;
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    return options.Check ? 130 : 0;
}
catch (Exception failure) when (failure is DemoException or ServerProcessException or TimeoutException)
{
    Console.Error.WriteLine($"demo: {failure.Message}");
    return 1;
}
finally
{
    registrations.ForEach(registration => registration.Dispose());
}
