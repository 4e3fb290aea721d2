namespace ClusterSession.DataProtection;

/// <summary>
/// Makes Data Protection drop its ring of keys, which it would otherwise use for up to a day
/// whatever other nodes have added or revoked. Thread-safe.
/// </summary>
internal sealed class RingExpiry
{
    private readonly Lock _gate = new();
    private CancellationTokenSource _source = new();
    private CancellationToken _inner;

    /// <summary>
    /// A token that is cancelled at the next <see cref="Expire"/>, or when <paramref name="inner"/>
    /// is cancelled.
    /// </summary>
    public CancellationToken TokenWith(CancellationToken inner)
    {
        bool isNew;
        lock (_gate)
        {
            isNew = inner != _inner;
            _inner = inner;
        }

        if (isNew)
        {
            // Registered once for each token of the framework. A linked source for each ring would
            // stay registered with that token for ever.
            inner.Register(Expire);
        }

        lock (_gate)
        {
            return _source.Token;
        }
    }

    /// <summary>Every ring that was made until now is made anew at its next use.</summary>
    public void Expire()
    {
        CancellationTokenSource expired;
        lock (_gate)
        {
            expired = _source;
            _source = new CancellationTokenSource();
        }

        expired.Cancel();
    }
}
