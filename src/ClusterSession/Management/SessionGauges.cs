using System.Diagnostics.Metrics;
using ClusterSession.Diagnostics;
using Microsoft.Extensions.Hosting;

namespace ClusterSession.Management;

/// <summary>The figures of <see cref="SessionStatistics"/> as gauges of the meter.</summary>
internal sealed class SessionGauges(SessionMetrics metrics, ISessionManager sessions) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        Gauge("clustersession.local_copies", "{session}", "Sessions in this node's memory.", static now =>
            now.LocalCopies
        );
        Gauge("clustersession.local_copies.size", "By", "Bytes of sessions in this node's memory.", static now =>
            now.LocalCopyBytes
        );
        Gauge("clustersession.unsaved", "{session}", "Sessions whose newest commits only this node has.", static now =>
            now.UnsavedSessions
        );
        Gauge(
            "clustersession.unsaved.size",
            "By",
            "Bytes of sessions whose newest commits only this node has.",
            static now => now.UnsavedBytes
        );
        Gauge("clustersession.unsaved.age", "s", "Age of the oldest commit that only this node has.", static now =>
            (long)(now.OldestUnsaved?.TotalSeconds ?? 0)
        );
        metrics.Meter.CreateObservableGauge(
            "clustersession.store.answering",
            Answering,
            "1",
            "1 while a partition of the store responds, else 0."
        );
        metrics.Meter.CreateObservableGauge(
            "clustersession.store.revalidated",
            Revalidated,
            "1",
            "1 while each use of a copy asks a partition of the store, which announces no changes, else 0."
        );
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private IEnumerable<Measurement<long>> Answering() =>
        sessions
            .GetStatistics()
            .Partitions.Select(static partition => new Measurement<long>(
                partition.IsResponding ? 1 : 0,
                SessionMetrics.PartitionTag(partition.Name)
            ));

    private IEnumerable<Measurement<long>> Revalidated() =>
        sessions
            .GetStatistics()
            .Partitions.Select(static partition => new Measurement<long>(
                partition.IsRevalidated ? 1 : 0,
                SessionMetrics.PartitionTag(partition.Name)
            ));

    private void Gauge(string name, string unit, string description, Func<SessionStatistics, long> read) =>
        metrics.Meter.CreateObservableGauge(
            name,
            () => new Measurement<long>(read(sessions.GetStatistics())),
            unit,
            description
        );
}
