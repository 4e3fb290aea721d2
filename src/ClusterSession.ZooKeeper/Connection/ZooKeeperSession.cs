using ClusterSession.ZooKeeper.Protocol;

namespace ClusterSession.ZooKeeper.Connection;

/// <summary>
/// What a session is continued with, from one connection to the next. Written by the connection of
/// the moment; read anywhere.
/// </summary>
internal sealed class ZooKeeperSession(TimeSpan timeout)
{
    private long _id;
    private byte[] _password = new byte[ConnectRequest.PasswordBytes];
    private long _timeoutTicks = timeout.Ticks;
    private long _lastZxid;
    private volatile bool _isExpired;

    /// <summary>0: the server has not given one yet.</summary>
    public long Id => Volatile.Read(ref _id);

    public byte[] Password => Volatile.Read(ref _password);

    /// <summary>What was asked for, then what the server granted.</summary>
    public TimeSpan Timeout => TimeSpan.FromTicks(Volatile.Read(ref _timeoutTicks));

    /// <summary>The last change that a reply has told of.</summary>
    public long LastZxid => Volatile.Read(ref _lastZxid);

    /// <summary>The server has said so: it is over for good.</summary>
    public bool IsExpired => _isExpired;

    /// <summary>A server has begun or continued it.</summary>
    public void Accept(ConnectResponse response)
    {
        Volatile.Write(ref _password, response.Password);
        Volatile.Write(ref _timeoutTicks, TimeSpan.FromMilliseconds(response.TimeoutMilliseconds).Ticks);
        Volatile.Write(ref _id, response.SessionId);
    }

    public void Expire() => _isExpired = true;

    /// <summary>One connection at a time does this.</summary>
    public void Seen(long zxid)
    {
        if (zxid > LastZxid)
        {
            Volatile.Write(ref _lastZxid, zxid);
        }
    }

    public ConnectRequest Greeting() => new(LastZxid, (int)Timeout.TotalMilliseconds, Id, Password);
}
