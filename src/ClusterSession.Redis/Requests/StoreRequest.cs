using ClusterSession.Redis.Connection;
using ClusterSession.Stores;

namespace ClusterSession.Redis.Requests;

/// <summary>
/// A request of the session store: it is answered with a value whatever goes wrong. What has no answer goes to its rescuer, who may repeat it and then completes
/// it. So an operation that is answered at once, which nearly all are, has no asynchronous layer between socket and caller.
/// </summary>
/// <typeparam name="T">What the answer is parsed into.</typeparam>
internal abstract class StoreRequest<T> : RedisRequest<T>
{
    /// <summary>The connection it was sent on: its lease is the answer's.</summary>
    public RedisConnection? Connection { get; set; }

    /// <summary>When the caller began to wait, as a timestamp.</summary>
    public long Begun { get; set; }

    /// <summary>Who takes it over if there is no answer; null: whoever awaits it gets the reason as an exception.</summary>
    public StoreRequestSender? Rescuer { get; set; }

    /// <summary>Length of the key that says which server of a cluster is asked.</summary>
    public abstract int RouteLength { get; }

    /// <summary>Writes that key.</summary>
    public abstract void WriteRoute(Span<byte> destination);

    /// <summary>The answer that says there is none.</summary>
    public abstract T Unavailable(StoreFailure failure);

    /// <summary>The same once more, for another attempt; its failure is whoever awaits it to handle.</summary>
    public StoreRequest<T> Again()
    {
        var again = (StoreRequest<T>)Copy();
        again.Rescuer = null;
        return again;
    }

    /// <summary>Ends the rescue.</summary>
    public void Rescued(T result) => Complete(result);

    /// <inheritdoc cref="Rescued"/>
    public void NotRescued(Exception reason) => CompleteWith(reason);

    protected sealed override void OnFailed(Exception reason)
    {
        if (Rescuer is { } rescuer)
        {
            rescuer.Rescue(this, reason);
        }
        else
        {
            CompleteWith(reason);
        }
    }
}
