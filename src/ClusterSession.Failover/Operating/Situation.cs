using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Sights;

namespace ClusterSession.Failover.Operating;

/// <summary>What a command is planned on.</summary>
/// <param name="Document">The document, of that state.</param>
/// <param name="State">Lease and version of the document.</param>
/// <param name="Sights">What is seen of each member.</param>
/// <param name="Now">The time of day.</param>
internal sealed record Situation(
    ClusterDocument Document,
    CoordinationState State,
    IReadOnlyDictionary<string, MemberSight> Sights,
    DateTimeOffset Now
)
{
    /// <summary>
    /// The master that holds the lease; null: there is none, or it is not open yet.
    /// </summary>
    public Ruler? Master =>
        State.IsHeld && Document.Ruler is { } ruler && ruler.Epoch == State.Epoch && ruler.Member == State.LastHolder
            ? ruler
            : null;

    /// <summary>Why no other change may begin; null: it may.</summary>
    public string? UnderWay =>
        Document.Switch is { } request
            ? $"A {(request.To is null ? "failover" : $"switch to {request.To}")} is under way (step {request.Step})."
        : State.IsHeld && Document.Change is { } change && change.Epoch == State.Epoch
            ? $"The change {change.Id} is under way (step {change.Step})."
        : null;

    /// <summary>Members whose data a master lacks, or would lack, in part.</summary>
    public IReadOnlyList<UnmergedData> Unmerged =>
        [.. Master is null ? LedgerRules.Lines(Document, Now, except: null) : Document.Ledger];

    /// <summary>What a command would discard of a member; null: it is not in the ledger.</summary>
    public Discard? DiscardOf(string member) =>
        Unmerged.FirstOrDefault(line => line.Member == member) is { } line
            ? new Discard(member, Math.Max(line.Epoch, Of(member).Redis.DataEpoch))
            : null;

    /// <summary>
    /// The discards of the document, and those of members that are in the ledger.
    /// </summary>
    public IReadOnlyList<Discard> Discarding(params IReadOnlyList<string> members) =>
        [
            .. Document.Discards.Where(discard => !members.Contains(discard.Member)),
            .. members.Distinct().Select(DiscardOf).OfType<Discard>(),
        ];

    public MemberSight Of(string member) => Sights.GetValueOrDefault(member, MemberSight.None);

    public ClusterEvent Event(EventKind what, string? from, string? to) => new(Now, State.Epoch, what, from, to);

    /// <summary>The cluster with another document, as it goes on from here.</summary>
    public ImaginedCluster Imagine(FailoverTimings timings, ClusterDocument written) =>
        new(timings, written, State, Sights, Now);

    /// <summary>What an operator should know before the master changes.</summary>
    public IEnumerable<string> Warnings() =>
        Document
            .Present()
            .Select(member => member.Name)
            .Where(member => !Of(member).Redis.IsReachable)
            .Select(member => $"The Redis of {member} is not responding.")
            .Concat(
                Unmerged.Select(line =>
                    $"{line.Member} has data of epoch {line.Epoch} that was not merged. "
                    + $"{DataWords.Known(line)} "
                    + (
                        Document.IsDiscarded(line.Member, line.Epoch)
                            ? "It was discarded."
                            : "It stays closed and keeps it."
                    )
                )
            );
}
