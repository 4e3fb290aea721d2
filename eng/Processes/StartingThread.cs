using System.Collections.Concurrent;
using System.Diagnostics;

namespace ClusterSession.Processes;

/// <summary>
/// The one thread that starts processes and never ends before this process does; <see
/// cref="ServerProcess"/> says why.
/// </summary>
internal sealed class StartingThread
{
    private readonly BlockingCollection<(ProcessStartInfo Start, TaskCompletionSource<Process> Started)> _requests = [];

    public StartingThread()
    {
        new Thread(Run) { IsBackground = true, Name = "process starter" }.Start();
    }

    public Task<Process> StartAsync(ProcessStartInfo start)
    {
        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        _requests.Add((start, started));
        return started.Task;
    }

    private void Run()
    {
        foreach (var (start, started) in _requests.GetConsumingEnumerable())
        {
            try
            {
                started.SetResult(Process.Start(start)!);
            }
            catch (Exception failure)
            {
                started.SetException(
                    new ServerProcessException($"{start.FileName} could not be started: {failure.Message}", failure)
                );
            }
        }
    }
}
