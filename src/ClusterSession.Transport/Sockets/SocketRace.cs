using System.Net.Sockets;

namespace ClusterSession.Transport.Sockets;

/// <summary>
/// Opens a socket without waiting until the kernel repeats a SYN that was lost: it does so after a
/// second, and then after two more.
/// </summary>
/// <remarks>
/// An address that moves is nowhere for some tenths of a second. What is sent to it is lost
/// meanwhile, and nothing says so.
/// <code>
/// attempt 1   SYN ------------------------------------------- SYN (the kernel's, 1 s) ...
/// attempt 2            SYN --------------------------------------
/// attempt 3                     SYN --- SYN, ACK: taken, the others are given up
///             |  200 ms  |  200 ms  |
/// address     nowhere ---------------- at the next host
/// </code>
/// An attempt that fails ends all of them: somebody has refused it. Rejected: to give an attempt up
/// when the next one begins, because a way that takes longer than 200 ms would never be connected.
/// </remarks>
/// <param name="dial">Begins one attempt.</param>
/// <param name="time">The clock of the pauses.</param>
internal sealed class SocketRace(Func<CancellationToken, Task<Socket>> dial, TimeProvider time)
{
    /// <summary>How many attempts are under way at most: those of a second.</summary>
    public const int MaxAtOnce = 5;

    /// <summary>The pause before another attempt.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>The first socket that is connected.</summary>
    /// <exception cref="SocketException">An attempt has failed.</exception>
    /// <exception cref="OperationCanceledException">The caller's token was cancelled.</exception>
    public async Task<Socket> RunAsync(CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var attempts = new List<Task<Socket>>();
        Task<Socket>? first = null;
        try
        {
            while (true)
            {
                if (attempts.Count < MaxAtOnce)
                {
                    attempts.Add(dial(over.Token));
                }

                var pause = Task.Delay(Pause, time, over.Token);
                first = await Task.WhenAny([.. attempts, pause]).ConfigureAwait(false) as Task<Socket>;
                if (first is not null)
                {
                    return await first.ConfigureAwait(false);
                }

                cancellationToken.ThrowIfCancellationRequested();
            }
        }
        finally
        {
            await over.CancelAsync().ConfigureAwait(false);
            foreach (var other in attempts.Where(attempt => attempt != first))
            {
                _ = CloseAsync(other);
            }
        }
    }

    /// <summary>It may have been connected at the same moment.</summary>
    private static async Task CloseAsync(Task<Socket> attempt)
    {
        await ((Task)attempt).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (attempt.IsCompletedSuccessfully)
        {
            (await attempt.ConfigureAwait(false)).Dispose();
        }
    }
}
