namespace ClusterSession.MacroBenchmarks.Load;

/// <summary>What came of a run.</summary>
/// <param name="Requests">Requests that were answered.</param>
/// <param name="Errors">Those among them that were not answered with 200.</param>
/// <param name="Unsent">Requests whose time came and that were not sent before the end (open
/// loop).</param>
/// <param name="Elapsed">From the first request to the last answer.</param>
/// <param name="Latency">From the time a request was to be sent to its answer.</param>
/// <param name="FirstError">The first answer that was none of 200.</param>
internal sealed record LoadResult(
    long Requests,
    long Errors,
    long Unsent,
    TimeSpan Elapsed,
    LatencyHistogram Latency,
    string? FirstError
)
{
    public double PerSecond => Requests / Elapsed.TotalSeconds;

    /// <summary>Refuses a run in which anything failed: its figures would say nothing.</summary>
    public LoadResult OrThrow(string what) =>
        Errors == 0
            ? this
            : throw new InvalidOperationException(
                $"{what}: {Errors} of {Requests} requests failed. The first: {FirstError}"
            );
}
