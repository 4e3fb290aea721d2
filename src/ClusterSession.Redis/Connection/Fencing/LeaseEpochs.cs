namespace ClusterSession.Redis.Connection.Fencing;

/// <summary>The greatest epoch that any server has shown to this node. Thread-safe.</summary>
internal sealed class LeaseEpochs
{
    private long _greatest;

    /// <summary>The greatest epoch seen; 0 before the first.</summary>
    public long Greatest => Volatile.Read(ref _greatest);

    /// <summary>Whether an epoch is not lower than the greatest one seen; remembers it.</summary>
    public bool Accept(long epoch)
    {
        var seen = Greatest;
        while (epoch > seen)
        {
            var found = Interlocked.CompareExchange(ref _greatest, epoch, seen);
            if (found == seen)
            {
                return true;
            }

            seen = found;
        }

        return epoch == seen;
    }
}
