using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace ClusterSession.Cli.Running;

/// <summary>
/// Tells systemd that the process is ready, and then, for its watchdog, that it is alive: one
/// datagram each to the socket that systemd names. Elsewhere it does nothing.
/// </summary>
internal sealed class ServiceManager : IAsyncDisposable
{
    private const int PartsOfTheWatchdog = 3;

    private readonly CancellationTokenSource _end = new();
    private readonly string? _socket;
    private readonly Task _watch;

    /// <param name="environment">Reads NOTIFY_SOCKET and WATCHDOG_USEC.</param>
    /// <param name="isAlive">Whether the process does its work; else nothing is said.</param>
    /// <param name="time">Counts the pauses.</param>
    public ServiceManager(Func<string, string?> environment, Func<bool> isAlive, TimeProvider time)
    {
        _socket =
            environment("NOTIFY_SOCKET") is { Length: > 0 } socket && !OperatingSystem.IsWindows() ? socket : null;
        Say("READY=1");
        _watch =
            _socket is not null
            && long.TryParse(
                environment("WATCHDOG_USEC"),
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out var microseconds
            )
            && microseconds > 0
                ? WatchAsync(TimeSpan.FromMicroseconds(microseconds) / PartsOfTheWatchdog, isAlive, time)
                : Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Say("STOPPING=1");
        await _end.CancelAsync().ConfigureAwait(false);
        await _watch.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _end.Dispose();
    }

    private async Task WatchAsync(TimeSpan pause, Func<bool> isAlive, TimeProvider time)
    {
        using var timer = new PeriodicTimer(pause, time);
        do
        {
            if (isAlive())
            {
                Say("WATCHDOG=1");
            }
        } while (await timer.WaitForNextTickAsync(_end.Token).ConfigureAwait(false));
    }

    /// <summary>A message that is lost is as none: systemd counts the time.</summary>
    private void Say(string state)
    {
        if (_socket is null)
        {
            return;
        }

        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            // An abstract name begins with @ in the variable, and with a zero byte for the kernel.
            var address = _socket[0] == '@' ? $"\0{_socket[1..]}" : _socket;
            socket.SendTo(Encoding.UTF8.GetBytes(state), new UnixDomainSocketEndPoint(address));
        }
        catch (SocketException)
        {
            // Nobody listens there any more.
        }
    }
}
