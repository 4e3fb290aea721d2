using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace ClusterSession.TestKit.Metrics;

/// <summary>
/// What a gauge of one node says now, over all partitions; nodes of one process have gauges of
/// their own.
/// </summary>
public sealed class GaugeReading : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly Lock _gate = new();
    private long _sum; // under _gate

    /// <param name="services">The node's services.</param>
    /// <param name="name">The gauge, such as <c>clustersession.store.answering</c>.</param>
    public GaugeReading(IServiceProvider services, string name)
    {
        var factory = services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == name && ReferenceEquals(instrument.Meter.Scope, factory))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((_, value, _, _) => _sum += value);
        _listener.Start();
    }

    public long Value
    {
        get
        {
            lock (_gate)
            {
                _sum = 0;
                _listener.RecordObservableInstruments();
                return _sum;
            }
        }
    }

    public void Dispose() => _listener.Dispose();
}
