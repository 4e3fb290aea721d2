using System.Globalization;
using ClusterSession.Failover.Diagnostics;
using ClusterSession.Failover.Face;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Failover.Tracking;

/// <summary>
/// The file by which keepalived lets a virtual address follow the lease: one number, which
/// keepalived adds to the priority of its host.
/// </summary>
/// <remarks>
/// <code>
/// open master under lease E    1 + (E - 1) mod 100    may have the address
/// anything else, or unknown    -254                   keepalived: FAULT, never has it
/// </code>
/// Only the master's host may have the address, so nobody takes it because a neighbour is silent.
/// The number grows with the lease. The number that a dead agent has left behind is below that of
/// the next master, and keepalived then prefers the next master's host. The number begins anew
/// after 100 leases. So the file is written again every second, and keepalived's script treats an
/// old file as "no master". More numbers would leave no room for a high priority to begin with, and
/// a host with a low priority waits longer before it takes over (Skew_Time, RFC 5798 section 6.1).
/// <para>
/// It is written on the agent's loop before Redis is closed, and by a timer while that loop stands
/// still. Both write synchronously, since a close must not overtake it: a few bytes in memory.
/// </para>
/// </remarks>
/// <param name="path">The file.</param>
/// <param name="face">Says whether this is the primary, as balancers are told.</param>
/// <param name="time">Counts the second.</param>
/// <param name="logger">Gets the first failure, and the end of it.</param>
internal sealed class TrackFile(string path, ClusterFace face, TimeProvider time, ILogger logger)
{
    public const int NoMaster = -254;

    /// <summary>The priority of a host in keepalived, to which it adds the number.</summary>
    public const int BasePriority = 150;

    /// <summary>
    /// How many leases have numbers of their own. 254 is the highest priority of a host that is not
    /// the owner of the address (RFC 5798 section 5.2.4).
    /// </summary>
    public const int Values = 100;

    private static readonly TimeSpan Renewal = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private int? _written;
    private long _writtenAt;
    private bool _hasFailed;
    private bool _hasEnded;

    /// <summary>What is in it.</summary>
    public static int ValueOf(bool isPrimary, long epoch) => isPrimary ? 1 + (int)((epoch - 1) % Values) : NoMaster;

    /// <summary>Writes what is so at this moment, if it has changed or is a second old.</summary>
    public void Show()
    {
        lock (_lock)
        {
            if (!_hasEnded)
            {
                var (isPrimary, status) = face.Primary();
                Write(ValueOf(isPrimary, status.Epoch));
            }
        }
    }

    /// <summary>The agent stops: this host is no master's any more.</summary>
    public void End()
    {
        lock (_lock)
        {
            _hasEnded = true;
            Write(NoMaster);
        }
    }

    private void Write(int value)
    {
        if (value == _written && time.GetElapsedTime(_writtenAt) < Renewal)
        {
            return;
        }

        try
        {
            // Renamed into place: keepalived reads at any moment, and half a number is another one.
            var draft = path + ".new";
            File.WriteAllText(draft, string.Create(CultureInfo.InvariantCulture, $"{value}\n"));
            File.Move(draft, path, overwrite: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            _written = null;
            if (!_hasFailed)
            {
                logger.TrackFileFailed(path, failure.Message);
            }

            _hasFailed = true;
            return;
        }

        (_written, _writtenAt) = (value, time.GetTimestamp());
        if (_hasFailed)
        {
            _hasFailed = false;
            logger.TrackFileWritten(path);
        }
    }
}
