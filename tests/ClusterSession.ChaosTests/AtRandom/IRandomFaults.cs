namespace ClusterSession.ChaosTests.AtRandom;

/// <summary>Faults of a topology that are drawn by their names.</summary>
internal interface IRandomFaults
{
    /// <summary>What can be drawn.</summary>
    IReadOnlyList<string> Kinds { get; }

    /// <summary>Causes one, and heals it.</summary>
    Task CauseOneAsync(string kind);
}
