using ClusterSession.Failover.Face;

namespace ClusterSession.Cli.Verdicts;

/// <summary>What follows from an agent's answer, before it is put into sentences.</summary>
internal sealed class ClusterFacts
{
    /// <summary>
    /// An agent looks several times a second; one that has not for so long stands still.
    /// </summary>
    public static readonly TimeSpan LongestLook = TimeSpan.FromSeconds(5);

    /// <summary>A change that takes longer than this needs a person.</summary>
    public static readonly TimeSpan LongestStep = TimeSpan.FromSeconds(30);

    public ClusterFacts(ClusterStatus status)
    {
        Status = status;
        Masters = [.. status.Members.Where(member => member is { Role: MemberRole.Master, IsOpen: true })];
        Master = Masters.FirstOrDefault(member => member.Name == status.Ruler)
            ?? (Masters is [var first, ..] ? first : null);
        Others = [.. status.Members.Where(member => member != Master)];
        Following = [.. Others.Where(IsFollowing)];
        Ledger = status.Ledger.Where(line => line.Member != Master?.Name).ToLookup(line => line.Member);
    }

    public ClusterStatus Status { get; }

    /// <summary>All whose Redis takes writes: one, in a cluster that is well.</summary>
    public IReadOnlyList<ClusterMemberStatus> Masters { get; }

    /// <summary>
    /// The open master that rules, else the first open one; null: none takes writes.
    /// </summary>
    public ClusterMemberStatus? Master { get; }

    public IReadOnlyList<ClusterMemberStatus> Others { get; }

    /// <summary>Replicas that are connected and complete.</summary>
    public IReadOnlyList<ClusterMemberStatus> Following { get; }

    /// <summary>Members with data that the master may lack.</summary>
    public ILookup<string, LedgerLine> Ledger { get; }

    /// <summary>
    /// The present moment by the agent's own time of day, so that no clock is compared with
    /// another's.
    /// </summary>
    public DateTimeOffset? Now =>
        Status.LookedAt is { } at ? at + TimeSpan.FromMilliseconds(Status.LookAgeMilliseconds ?? 0) : null;

    public bool IsStandingStill =>
        Status.LookedAt is null || Status.LookAgeMilliseconds > LongestLook.TotalMilliseconds;

    /// <summary>Whether the change under way takes longer than it should.</summary>
    public bool IsChangeStuck => Now - (Status.Change?.Since ?? Status.Switch?.Since) > LongestStep;

    /// <summary>
    /// Whether a switch is under way, by an operator or as the way back, and is not stuck: that
    /// there is no master meanwhile is no failure.
    /// </summary>
    public bool IsPlanned =>
        !IsChangeStuck
        && (Status.Change is { } change ? ChangeSteps.IsPlanned(change) : Status.Switch is { From: not null });

    /// <summary>
    /// Whether the member is a replica of the master, connected and complete. Without a master, or
    /// where it is unknown whom the member follows, every connected and complete replica counts.
    /// </summary>
    public bool IsFollowing(ClusterMemberStatus member) =>
        member is { Role: MemberRole.Replica, IsLinkUp: true }
        && (Master is null || member.Follows is null || member.Follows == Master.Name);

    /// <summary>Whether it has data that the master may lack, and that nobody discarded.</summary>
    public bool IsUnmerged(ClusterMemberStatus member) => Ledger[member.Name].Any(IsUnresolved);

    /// <summary>
    /// Whether the data of a ledger line is neither discarded nor contained in the master's.
    /// </summary>
    public static bool IsUnresolved(LedgerLine line) => line is { IsDiscarded: false, IsContained: false };

    /// <summary>
    /// Epoch of its data as far as it is known: of the list of data not merged, or of the lease
    /// that it had last, also while nobody sees it.
    /// </summary>
    public long EpochOf(ClusterMemberStatus member)
    {
        var listed = Ledger[member.Name]
            .Where(line => !line.IsDiscarded)
            .Select(line => line.Epoch)
            .DefaultIfEmpty(0)
            .Max();
        var hadLease = Status.Lease is { IsHeld: false } lease && lease.Holder == member.Name;
        var ruled = hadLease || Status.Ruler == member.Name ? Status.Lease.Epoch : 0;
        return Math.Max(member.DataEpoch, Math.Max(listed, ruled));
    }

    /// <summary>
    /// The highest epoch of data in sight where the store's next grant is below it, as only a store
    /// that was lost or set back counts; null: it is not.
    /// </summary>
    public long? LaterData =>
        Master is null
        && Status is { LookedAt: not null, Store.IsReachable: true }
        && Status.Members.Select(member => member.DataEpoch).DefaultIfEmpty(0).Max() is var highest
        && highest > Status.Lease.Epoch + 1
            ? highest
            : null;

    /// <summary>
    /// Members that are passed over now: promoted too often, and another has as much and may be.
    /// </summary>
    public IEnumerable<PromotionLine> Barred() =>
        Status.Promotions.Where(line =>
            line.IsBarred
            && Others.FirstOrDefault(member => member.Name == line.Member) is { } barred
            && IsUsable(barred)
            && Others.Any(member =>
                member != barred
                && IsUsable(member)
                && EpochOf(member) >= EpochOf(barred)
                && !Status.Promotions.Any(other => other.Member == member.Name && other.IsBarred)
            )
        );

    public bool IsBarred(string member) => Barred().Any(line => line.Member == member);

    /// <summary>
    /// Members that could be promoted, one with unmerged data too: where nobody rules, the newest
    /// data counts.
    /// </summary>
    public IEnumerable<ClusterMemberStatus> Candidates() =>
        Others.Where(member => IsUsable(member) && !IsBarred(member.Name));

    /// <summary>
    /// Why a member does not follow the master, as the rest of a sentence after its name.
    /// </summary>
    public string Deficit(ClusterMemberStatus member) =>
        member switch
        {
            { Role: MemberRole.Unreachable, IsAgentAlive: false } => "is not responding, and neither is its agent",
            { Role: MemberRole.Unreachable } => "is not responding",
            _ when IsUnmerged(member) => Master is null
                ? "holds data that was not merged"
                : $"holds data that {Master.Name} may lack, and stays closed",
            { Role: MemberRole.Closed } => "is up and closed, and follows nobody",
            { Role: MemberRole.Master } => "takes writes too",
            { IsLinkUp: false } => "is a replica that is not connected, or not complete yet",
            _ => $"follows {member.Follows ?? "another"}",
        };

    private static bool IsUsable(ClusterMemberStatus member) =>
        member is { IsReachable: true, IsAgentAlive: true, Kind: Failover.Documents.MemberKind.Candidate };
}
