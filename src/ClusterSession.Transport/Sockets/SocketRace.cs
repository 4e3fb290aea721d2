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
/// attempt 3                     SYN, ACK: taken, the others are given up
///             |  200 ms  |  200 ms  |
/// address     nowhere --------- at the next host
/// </code>
/// At most five are under way: a sixth takes the place of the first. An attempt that is refused
/// ends all of them, since somebody is there; one that fails otherwise ends itself. Rejected: to
/// give an attempt up when the next one begins, because a way that takes longer than 200 ms would
/// never be connected. Such a way costs the server up to four connections that are closed at once.
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
    /// <exception cref="SocketException">An attempt was refused, or none is left.</exception>
    /// <exception cref="OperationCanceledException">The caller's token was cancelled.</exception>
    public async Task<Socket> RunAsync(CancellationToken cancellationToken)
    {
        var attempts = new List<Attempt>();
        try
        {
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (attempts.Count == MaxAtOnce)
                {
                    await attempts[0].GiveUpAsync().ConfigureAwait(false);
                    attempts.RemoveAt(0);
                }

                attempts.Add(new Attempt(dial, cancellationToken));
                if (await FirstAsync(attempts, cancellationToken).ConfigureAwait(false) is { } socket)
                {
                    return socket;
                }
            }
        }
        finally
        {
            foreach (var attempt in attempts)
            {
                await attempt.GiveUpAsync().ConfigureAwait(false);
            }
        }
    }

    /// <summary>The first one that is connected before the pause is over; null: none.</summary>
    private async Task<Socket?> FirstAsync(List<Attempt> attempts, CancellationToken cancellationToken)
    {
        var pause = Task.Delay(Pause, time, cancellationToken);
        while (true)
        {
            var ended = await Task.WhenAny([.. attempts.Select(attempt => attempt.Connecting), pause])
                .ConfigureAwait(false);
            if (ended == pause)
            {
                return null;
            }

            var attempt = attempts.Find(attempt => attempt.Connecting == ended)!;
            attempts.Remove(attempt);
            try
            {
                return await attempt.Connecting.ConfigureAwait(false);
            }
            catch (SocketException e) when (e.SocketErrorCode != SocketError.ConnectionRefused && attempts.Count > 0)
            {
                // The others go on.
            }
            finally
            {
                attempt.Dispose();
            }
        }
    }

    private sealed class Attempt : IDisposable
    {
        private readonly CancellationTokenSource _over;

        public Attempt(Func<CancellationToken, Task<Socket>> dial, CancellationToken cancellationToken)
        {
            _over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            Connecting = dial(_over.Token);
        }

        public Task<Socket> Connecting { get; }

        public void Dispose() => _over.Dispose();

        /// <summary>It may have been connected at the same moment: then it is closed.</summary>
        public async Task GiveUpAsync()
        {
            await _over.CancelAsync().ConfigureAwait(false);
            _ = CloseAsync();
        }

        private async Task CloseAsync()
        {
            await ((Task)Connecting).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Dispose();
            if (Connecting.IsCompletedSuccessfully)
            {
                (await Connecting.ConfigureAwait(false)).Dispose();
            }
        }
    }
}
