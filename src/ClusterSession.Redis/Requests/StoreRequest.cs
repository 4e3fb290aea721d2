using ClusterSession.Redis.Connection;
using ClusterSession.Stores;

namespace ClusterSession.Redis.Requests;

/// <summary>
/// A request of the session store: it is answered with a value whatever goes wrong. Where the
/// request fails (by an error reply, or without any reply), its sender takes over. The sender may
/// retry it, and then ends it. So an operation that succeeds at once, as nearly all do, has no
/// asynchronous layer between socket and caller.
/// </summary>
/// <typeparam name="T">What the answer is parsed into.</typeparam>
internal abstract class StoreRequest<T> : RedisRequest<T>
{
    private const int LongestRouteOnStack = 256;

    /// <summary>The connection it was sent on: its lease is the answer's.</summary>
    public RedisConnection? Connection { get; set; }

    /// <summary>Until when the caller waits, over all attempts, as a timestamp.</summary>
    public long Until { get; set; }

    /// <summary>
    /// Takes over if the request fails: the store does not respond, or refuses. Null: the reason is
    /// thrown to the awaiting caller.
    /// </summary>
    public StoreRequestSender? Sender { get; set; }

    public sealed override bool IsKeyed => true;

    /// <summary>
    /// Whether the answer says that the key of the route was written. Then the server pushes one
    /// invalidation of it to this connection too, right behind the answer.
    /// </summary>
    protected bool HasWritten { get; set; }

    /// <summary>Length of the key that says which server of a cluster is asked.</summary>
    public abstract int RouteLength { get; }

    /// <summary>Writes that key.</summary>
    public abstract void WriteRoute(Span<byte> destination);

    /// <inheritdoc/>
    public sealed override bool HasEchoOf(ReadOnlySpan<byte> key)
    {
        if (!HasWritten || key.Length != RouteLength)
        {
            return false;
        }

        Span<byte> route = key.Length <= LongestRouteOnStack ? stackalloc byte[key.Length] : new byte[key.Length];
        WriteRoute(route);
        return route.SequenceEqual(key);
    }

    /// <summary>What the caller gets where the store did not answer, or refused.</summary>
    public abstract T Unavailable(StoreFailure failure);

    /// <summary>The answer that says that what is stored is not to be used, and why.</summary>
    public virtual T Damaged(string what) => Unavailable(StoreFailure.Damaged);

    /// <summary>The same once more, for another attempt, whose failure is thrown.</summary>
    public StoreRequest<T> Again()
    {
        var again = (StoreRequest<T>)Copy();
        again.Sender = null;
        return again;
    }

    /// <summary>Ends it after attempts by its sender.</summary>
    public void End(T result) => Complete(result);

    /// <inheritdoc cref="End"/>
    public void EndWith(Exception reason) => CompleteWith(reason);

    protected sealed override void OnFailed(Exception reason)
    {
        HasWritten = false;
        if (Sender is { } sender)
        {
            sender.Retry(this, reason);
        }
        else
        {
            CompleteWith(reason);
        }
    }
}
