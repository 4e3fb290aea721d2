using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace ClusterSession.ChaosNode;

/// <summary>Adds up what the product counts, so that a test can ask a node for it.</summary>
public sealed class NodeCounters : IDisposable
{
    private readonly ConcurrentDictionary<string, long> _sums = new();
    private readonly MeterListener _listener = new();

    public NodeCounters()
    {
        _listener.InstrumentPublished = static (instrument, listener) =>
        {
            if (instrument is Counter<long> && instrument.Name.StartsWith("clustersession.", StringComparison.Ordinal))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>(
            (instrument, value, _, _) => _sums.AddOrUpdate(instrument.Name, value, (_, sum) => sum + value)
        );
        _listener.Start();
    }

    public long Sum(string name) => _sums.GetValueOrDefault(name);

    public void Dispose() => _listener.Dispose();
}
