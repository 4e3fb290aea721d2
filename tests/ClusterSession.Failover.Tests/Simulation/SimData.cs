using ClusterSession.Failover.Sights;
using ClusterSession.Redis.Connection.Fencing;

namespace ClusterSession.Failover.Tests.Simulation;

/// <summary>One write of a history.</summary>
internal sealed record SimWrite(int Commit = 0, long Epoch = 0, SimRecord? Record = null, bool IsDelete = false);

/// <summary>
/// The lease record; Deadline is when it would expire if nobody set a wall clock back.
/// </summary>
internal sealed record SimRecord(Tenure Tenure, DateTimeOffset Until, TimeSpan Deadline, TimeSpan Life);

/// <summary>The keys of a Redis, and its append-only file.</summary>
internal sealed class SimData
{
    private readonly List<(TimeSpan At, SimWrite Write)> _file = [];

    public HashSet<int> Commits { get; } = [];

    public long Epoch { get; private set; }

    public TimeSpan EpochSince { get; private set; }

    public SimRecord? Record { get; private set; }

    public bool IsEmpty => Commits.Count == 0 && Epoch == 0 && Record is null;

    public void Apply(SimWrite write, TimeSpan at)
    {
        _file.Add((at, write));
        if (write.Commit > 0)
        {
            Commits.Add(write.Commit);
        }

        if (write.Epoch > 0)
        {
            (Epoch, EpochSince) = (write.Epoch, at);
        }

        Record = write.IsDelete ? null : write.Record ?? Record;
    }

    /// <summary>
    /// What is there after a restart that lost the last writes, or of a replica that was filled.
    /// </summary>
    public SimData Copy(TimeSpan until)
    {
        var copy = new SimData();
        foreach (var (at, write) in _file)
        {
            if (at <= until)
            {
                copy.Apply(write, at);
            }
        }

        return copy;
    }
}
