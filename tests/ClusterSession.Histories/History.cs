namespace ClusterSession.Histories;

/// <summary>All that is known about a run: what it was, every request, every fault.</summary>
public sealed record History
{
    public required RunInfo Run { get; init; }

    public required IReadOnlyList<HistoryEvent> Events { get; init; }

    public IReadOnlyList<FaultEvent> Faults { get; init; } = [];

    public History With(IEnumerable<HistoryEvent> events) => this with { Events = [.. events] };
}
