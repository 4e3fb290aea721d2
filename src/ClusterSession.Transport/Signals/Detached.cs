namespace ClusterSession.Transport.Signals;

/// <summary>
/// Begins loops that outlive the request that happened to begin them, without holding on to its
/// context (AsyncLocal values).
/// </summary>
internal static class Detached
{
    /// <summary>Calls at once; what is begun within flows no context.</summary>
    public static void Run(Action begin)
    {
        // Suppressing twice, or undoing a default control, would throw.
        if (ExecutionContext.IsFlowSuppressed())
        {
            begin();
            return;
        }

        using (ExecutionContext.SuppressFlow())
        {
            begin();
        }
    }
}
