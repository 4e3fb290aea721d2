namespace ClusterSession.ChaosTests.Load.Clients;

/// <summary>How the second device learns of the first one's session. Thread-safe.</summary>
internal sealed class SharedSession
{
    private readonly Lock _lock = new();
    private CookieJar? _jar; // under _lock
    private int _number = -1; // under _lock
    private volatile bool _isOver;
    private volatile bool _isClosed;

    public int Number
    {
        get
        {
            lock (_lock)
            {
                return _number;
            }
        }
    }

    /// <summary>One of the two had to leave the session.</summary>
    public bool IsOver
    {
        get => _isOver;
        set => _isOver = value;
    }

    /// <summary>The first device has ended: no other session will come.</summary>
    public bool IsClosed
    {
        get => _isClosed;
        set => _isClosed = value;
    }

    public int Publish(CookieJar jar)
    {
        lock (_lock)
        {
            _jar = jar;
            _isOver = false;
            return ++_number;
        }
    }

    public (CookieJar? Jar, int Number) Copy()
    {
        lock (_lock)
        {
            return (_jar?.Copy(), _number);
        }
    }
}
