namespace ClusterSession.Histories;

/// <summary>What a run was meant to be, written at the head of its history.</summary>
public sealed record RunInfo
{
    public required string Name { get; init; }

    public required int Seed { get; init; }

    public IReadOnlyList<string> Nodes { get; init; } = [];

    /// <summary>The durability of requests that name none.</summary>
    public string Durability { get; init; } = "Primary";

    /// <summary>Kinds of fault that must have really happened, or the run proves nothing.</summary>
    public IReadOnlyList<string> PlannedFaults { get; init; } = [];
}
