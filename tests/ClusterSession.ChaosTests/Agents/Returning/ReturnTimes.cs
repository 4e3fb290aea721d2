using System.Diagnostics;
using System.Globalization;
using ClusterSession.Failover.Face;
using ClusterSession.Failover.Sights;

namespace ClusterSession.ChaosTests.Agents.Returning;

/// <summary>What a master that died and came back had, and how long each part took.</summary>
internal sealed class ReturnTimes
{
    private long _killed;
    private long _started;
    private TimeSpan? _replaced;
    private TimeSpan? _answered;
    private TimeSpan? _merged;
    private TimeSpan? _inStep;
    private TimeSpan? _back;
    private MergeStatus? _merge;

    /// <summary>Sessions that only it has when it dies: Redis alone would lose them.</summary>
    public int Ahead { get; set; }

    public void Killed() => _killed = Stopwatch.GetTimestamp();

    public void Replaced() => _replaced = Stopwatch.GetElapsedTime(_killed);

    public void Answered() => _answered = Stopwatch.GetElapsedTime(_killed);

    public void Started() => _started = Stopwatch.GetTimestamp();

    /// <summary>Takes what its agent says; whether it is master again.</summary>
    public bool See(SiteMember old, ClusterStatus? status)
    {
        if (status?.Members.FirstOrDefault(member => member.Name == old.Name) is not { } member)
        {
            return false;
        }

        var now = Stopwatch.GetElapsedTime(_started);
        _merge = member.Merge ?? _merge;
        _merged ??= member.Merge is { State: MergeState.Merged } ? now : null;
        _inStep ??= member is { Role: MemberRole.Replica, IsLinkUp: true } ? now : null;
        _back ??= member.IsOpen && status.Ruler == old.Name ? now : null;
        return _back is not null;
    }

    public override string ToString() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{Ahead} sessions were at the dead master alone; another was master after {Milliseconds(_replaced)}, the "
                + $"first commit after {Milliseconds(_answered)} (nodes were started meanwhile); {_merge?.Scanned} "
                + $"sessions compared and {_merge?.Written} records written after {Milliseconds(_merged)} from its "
                + $"start, in step after {Milliseconds(_inStep)}, master again after {Milliseconds(_back)}"
        );

    private static string Milliseconds(TimeSpan? time) =>
        time is { } known
            ? string.Create(CultureInfo.InvariantCulture, $"{known.TotalMilliseconds:0} ms")
            : "(not seen)";
}
