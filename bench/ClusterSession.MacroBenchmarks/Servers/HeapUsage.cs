namespace ClusterSession.MacroBenchmarks.Servers;

/// <summary>
/// What the runtime says of the managed heap; NaN where there is none that says so.
/// </summary>
/// <param name="AllocatedBytes">All that was allocated.</param>
/// <param name="Gen0">Collections, of whatever generation.</param>
/// <param name="Gen2">Collections of everything.</param>
/// <param name="PauseMicroseconds">How long they stopped all threads.</param>
internal readonly record struct HeapUsage(double AllocatedBytes, double Gen0, double Gen2, double PauseMicroseconds)
{
    public static HeapUsage Unknown { get; } = new(double.NaN, double.NaN, double.NaN, double.NaN);

    public static HeapUsage operator +(HeapUsage one, HeapUsage other) =>
        new(
            one.AllocatedBytes + other.AllocatedBytes,
            one.Gen0 + other.Gen0,
            one.Gen2 + other.Gen2,
            one.PauseMicroseconds + other.PauseMicroseconds
        );

    public static HeapUsage operator -(HeapUsage after, HeapUsage before) =>
        new(
            after.AllocatedBytes - before.AllocatedBytes,
            after.Gen0 - before.Gen0,
            after.Gen2 - before.Gen2,
            after.PauseMicroseconds - before.PauseMicroseconds
        );

    public static HeapUsage operator /(HeapUsage usage, double requests) =>
        new(
            usage.AllocatedBytes / requests,
            usage.Gen0 / requests,
            usage.Gen2 / requests,
            usage.PauseMicroseconds / requests
        );
}
