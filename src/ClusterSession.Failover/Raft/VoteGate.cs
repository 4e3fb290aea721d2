using Microsoft.AspNetCore.Http;

namespace ClusterSession.Failover.Raft;

/// <summary>
/// Keeps a server without data from voting: a disk that was wiped has forgotten its votes and what
/// it has acknowledged, and with it a majority could elect a leader that lacks acknowledged epochs.
/// It opens once the server has what a leader had, or, with <c>Bootstrap</c>, once all servers
/// respond and none has data. A marker in its directory says that it is open.
/// </summary>
internal sealed class VoteGate
{
    public const string MarkerName = "voter";
    private const string MessageTypeHeader = "X-Raft-Message-Type";

    private readonly string _marker;
    private volatile bool _isOpen;
    private int _refused;

    /// <param name="directory">The server's.</param>
    /// <param name="hasLog">Whether there is a log: a marker without one is from before the
    /// loss.</param>
    public VoteGate(string directory, bool hasLog)
    {
        _marker = Path.Combine(directory, MarkerName);
        _isOpen = hasLog && File.Exists(_marker);
    }

    public bool IsOpen => _isOpen;

    /// <summary>How many vote requests this server has refused.</summary>
    public int Refused => Volatile.Read(ref _refused);

    /// <summary>Whether this server may send it.</summary>
    public bool Admits(HttpRequestMessage request) =>
        _isOpen || !request.Headers.TryGetValues(MessageTypeHeader, out var types) || !types.Any(IsVote);

    /// <summary>Whether this server may answer it.</summary>
    public bool Admits(HttpRequest request)
    {
        if (_isOpen || !IsVote(request.Headers[MessageTypeHeader]))
        {
            return true;
        }

        Interlocked.Increment(ref _refused);
        return false;
    }

    /// <summary>For good: the marker is on the disk before the first vote.</summary>
    public void Open()
    {
        using (var marker = new FileStream(_marker, FileMode.Create, FileAccess.Write))
        {
            marker.WriteByte((byte)'1');
            marker.Flush(flushToDisk: true);
        }

        _isOpen = true;
    }

    private static bool IsVote(string? messageType) => messageType is "PreVote" or "RequestVote";
}
