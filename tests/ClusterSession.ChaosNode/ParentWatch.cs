using Microsoft.Extensions.Hosting;

namespace ClusterSession.ChaosNode;

/// <summary>
/// Ends the node when the process that started it is gone: a test run that is killed leaves nothing
/// behind. The parent of an orphan is another process, so a changed parent is the sign. (A death
/// signal of the kernel was rejected: it comes when the starting thread ends, and that is a thread
/// of a pool.)
/// </summary>
internal sealed class ParentWatch : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }
        var parent = Parent();
        using var timer = new PeriodicTimer(Interval);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            if (Parent() != parent)
            {
                Environment.Exit(0);
            }
        }
    }

    // pid (name) state ppid ...   where the name may hold anything, even parentheses
    private static string Parent()
    {
        var stat = File.ReadAllText("/proc/self/stat");
        return stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1];
    }
}
