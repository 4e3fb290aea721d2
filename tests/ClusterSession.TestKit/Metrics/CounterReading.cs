using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace ClusterSession.TestKit.Metrics;

/// <summary>
/// What a counter of one node comes to from now on; nodes of one process have counters of their
/// own.
/// </summary>
public sealed class CounterReading : IDisposable
{
    private readonly MeterListener _listener = new();
    private long _sum;

    /// <param name="services">The node's services.</param>
    /// <param name="name">The counter, such as <c>clustersession.regressions</c>.</param>
    public CounterReading(IServiceProvider services, string name)
    {
        var factory = services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == name && ReferenceEquals(instrument.Meter.Scope, factory))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref _sum, value));
        _listener.Start();
    }

    public long Value => Interlocked.Read(ref _sum);

    public void Dispose() => _listener.Dispose();
}
