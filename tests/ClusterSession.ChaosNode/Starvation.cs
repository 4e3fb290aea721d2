namespace ClusterSession.ChaosNode;

/// <summary>
/// Takes all threads of the pool, as an application does that waits synchronously: no request, no
/// timer and no continuation runs.
/// </summary>
internal static class Starvation
{
    /// <summary>More than the pool adds in a minute: one or two threads a second.</summary>
    private const int Waiting = 500;

    /// <param name="file">Its appearance is the end: nothing else would be heard.</param>
    public static void Begin(string file)
    {
        var end = new ManualResetEventSlim();
        for (var i = 0; i < Waiting; i++)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static state => state.Wait(), end, preferLocal: false);
        }

        // A thread of its own: of the pool's timers none fires until this has ended.
        new Thread(() =>
        {
            while (!File.Exists(file))
            {
                end.Wait(TimeSpan.FromMilliseconds(20));
            }

            end.Set();
        })
        {
            IsBackground = true,
        }.Start();
    }
}
