namespace ClusterSession.Stores;

/// <summary>What a failure says of the store.</summary>
internal static class StoreFailures
{
    /// <summary>
    /// Whether the store responds, whatever it said: another operation may well succeed.
    /// </summary>
    public static bool IsResponse(this StoreFailure failure) =>
        failure is not (StoreFailure.Unreachable or StoreFailure.Unknown);

    /// <summary>Whether a write that ended so may have happened, or may happen yet.</summary>
    public static bool IsUncertain(this StoreFailure failure) =>
        failure is StoreFailure.Unknown or StoreFailure.Undecided;

    /// <summary>
    /// Whether it concerns one record alone, and the same again would fail again: nothing is gained
    /// by keeping it, and the rest of a batch is not concerned.
    /// </summary>
    public static bool IsOfRecord(this StoreFailure failure) =>
        failure is StoreFailure.Damaged or StoreFailure.TooLarge;
}
