namespace ClusterSession.ChaosNode;

/// <summary>
/// Takes all threads of the pool, as an application does that waits synchronously: no request, no
/// timer and no continuation runs.
/// </summary>
public static class Starvation
{
    /// <summary>More than the pool adds in a minute: one or two threads a second.</summary>
    private const int Waiting = 500;

    /// <summary>Added to the name of the file: the name of one at the beginning.</summary>
    public const string Begun = ".begun";

    /// <param name="file">
    /// Its appearance is the end: nothing else would be heard. Another one appears when all threads
    /// are taken: nothing else would be sent.
    /// </param>
    public static void Begin(string file)
    {
        var end = new ManualResetEventSlim();
        var taken = 0;
        for (var i = 0; i < Waiting; i++)
        {
            ThreadPool.UnsafeQueueUserWorkItem(
                _ =>
                {
                    Interlocked.Increment(ref taken);
                    end.Wait();
                },
                null
            );
        }

        // A thread of its own: of the pool's timers none fires until this has ended.
        new Thread(() =>
        {
            while (!File.Exists(file))
            {
                end.Wait(TimeSpan.FromMilliseconds(20));
                if (Volatile.Read(ref taken) >= ThreadPool.ThreadCount && !File.Exists(file + Begun))
                {
                    File.WriteAllText(file + Begun, "");
                }
            }

            end.Set();
        })
        {
            IsBackground = true,
        }.Start();
    }
}
