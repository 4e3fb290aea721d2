using System.Buffers.Binary;
using ClusterSession.Transport.Options;
using ClusterSession.Transport.Pipelines;
using ClusterSession.ZooKeeper.Options;
using ClusterSession.ZooKeeper.Protocol;
using ClusterSession.ZooKeeper.Watches;

namespace ClusterSession.ZooKeeper.Connection;

/// <summary>One connection of a session to one server.</summary>
/// <remarks>
/// <code>
///   length | greeting                      length | answer to it           no header, once
///   length | xid, type | request           length | xid, zxid, error | reply
///                                          length | -1, .., .. | event     a watch has fired
/// </code>
/// A server answers the requests of a session in their order, pings included, and sends the event
/// of a change before any reply that tells of that change (by its zxid). So it is enough to take
/// the messages in order: when a reply is taken, the events of all changes that it tells of have
/// been handled.
/// </remarks>
internal sealed class ZooKeeperConnection(
    Stream stream,
    ServerAddress address,
    TransportOptions options,
    TimeProvider time,
    ZooKeeperSession session,
    WatchTable watches,
    string? chroot
) : PipelinedConnection(stream, address, options, time)
{
    /// <summary>64 MB: far more than a server sends by default (jute.maxbuffer, 1 MB).</summary>
    private const int LargestMessage = 64 << 20;

    private int _lastXid;
    private bool _isGreeted;

    /// <summary>The session that it serves.</summary>
    public ZooKeeperSession Session { get; } = session;

    /// <summary>How long it may be silent before a sign of life is due.</summary>
    public TimeSpan HeartbeatInterval { get; } = options.HeartbeatInterval;

    /// <summary>
    /// The number of the next request. Called as it is written, under the connection's lock, so
    /// that numbers are in the order of the wire.
    /// </summary>
    public int NextXid() => _lastXid = _lastXid == int.MaxValue ? 1 : _lastXid + 1;

    protected override int ReadMessages(ReadOnlySpan<byte> received)
    {
        var taken = 0;
        while (received.Length - taken >= sizeof(int))
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(received[taken..]);
            if (length is < 0 or > LargestMessage)
            {
                throw new ProtocolException($"A message announces {length} bytes. Is this ZooKeeper's client port?");
            }

            if (received.Length - taken - sizeof(int) < length)
            {
                break;
            }

            Take(received.Slice(taken + sizeof(int), length));
            taken += sizeof(int) + length;
        }

        return taken;
    }

    protected override Task BeatAsync() => SendAsync(Commands.Ping().On(this)).AsTask();

    private void Take(ReadOnlySpan<byte> message)
    {
        if (!_isGreeted)
        {
            _isGreeted = true;
            TakeReply(message);
            return;
        }

        var reader = new JuteReader(message);
        var header = ReplyHeader.Read(ref reader);
        if (header.Xid == Xids.Event)
        {
            var seen = WatcherEvent.Read(ref reader);
            watches.Fire((NodeEventKind)seen.Type, seen.Path, NodePath.Shown(chroot, seen.Path));
        }
        else
        {
            TakeReply(message);
        }

        // Not before: what it tells of has been handled now.
        Session.Seen(header.Zxid);
    }
}
