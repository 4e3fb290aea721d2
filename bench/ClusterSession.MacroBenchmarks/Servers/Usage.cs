namespace ClusterSession.MacroBenchmarks.Servers;

/// <summary>
/// What a target has used since it started; differences of two are what a round cost.
/// </summary>
/// <param name="CpuMicroseconds">Of the nodes under load.</param>
/// <param name="Heap">Of the nodes under load.</param>
/// <param name="StoreCpuMicroseconds">Of Redis, or of the node that holds the backups; NaN where
/// there is no store.</param>
/// <param name="StoreCalls">Commands that Redis executed, those inside scripts included; NaN where
/// there is none.</param>
/// <param name="StoreBytesIn">Bytes Redis received.</param>
/// <param name="StoreBytesOut">Bytes Redis sent.</param>
internal readonly record struct Usage(
    double CpuMicroseconds,
    HeapUsage Heap,
    double StoreCpuMicroseconds,
    double StoreCalls,
    double StoreBytesIn,
    double StoreBytesOut
)
{
    public static Usage operator -(Usage after, Usage before) =>
        new(
            after.CpuMicroseconds - before.CpuMicroseconds,
            after.Heap - before.Heap,
            after.StoreCpuMicroseconds - before.StoreCpuMicroseconds,
            after.StoreCalls - before.StoreCalls,
            after.StoreBytesIn - before.StoreBytesIn,
            after.StoreBytesOut - before.StoreBytesOut
        );

    public static Usage operator /(Usage usage, double requests) =>
        new(
            usage.CpuMicroseconds / requests,
            usage.Heap / requests,
            usage.StoreCpuMicroseconds / requests,
            usage.StoreCalls / requests,
            usage.StoreBytesIn / requests,
            usage.StoreBytesOut / requests
        );
}
