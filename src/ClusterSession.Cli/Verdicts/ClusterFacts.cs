using ClusterSession.Failover.Face;

namespace ClusterSession.Cli.Verdicts;

/// <summary>What follows from an agent's answer, before it is put into sentences.</summary>
internal sealed class ClusterFacts
{
    /// <summary>
    /// An agent looks several times a second; one that has not for so long stands still.
    /// </summary>
    public static readonly TimeSpan LongestLook = TimeSpan.FromSeconds(5);

    /// <summary>
    /// A change that stands at one step for longer than this needs a person. So does a switch that
    /// was asked for longer ago.
    /// </summary>
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

    /// <summary>The members that <see cref="IsFollowing"/> says follow the master.</summary>
    public IReadOnlyList<ClusterMemberStatus> Following { get; }

    /// <summary>
    /// The lines of the ledger by member, without those of the master itself. They include data
    /// that is discarded or contained in the master's (<see cref="IsUnresolved"/> tells them
    /// apart).
    /// </summary>
    public ILookup<string, LedgerLine> Ledger { get; }

    /// <summary>
    /// The present moment by the agent's own time of day, so that no clock is compared with
    /// another's.
    /// </summary>
    public DateTimeOffset? Now =>
        Status.LookedAt is { } at ? at + TimeSpan.FromMilliseconds(Status.LookAgeMilliseconds ?? 0) : null;

    public bool IsStandingStill =>
        Status.LookedAt is null || Status.LookAgeMilliseconds > LongestLook.TotalMilliseconds;

    /// <summary>
    /// Whether the change under way has stood at its present step for longer than
    /// <see cref="LongestStep"/>, or the switch that waits was asked for longer ago than that.
    /// </summary>
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
    /// The highest epoch that the member's data is known to have: by the last look at its Redis, by
    /// the ledger, or by the lease if the member ruled or held it last. So it is known also while
    /// nobody sees the member.
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
    /// The highest epoch of data in sight, if the coordination store's next grant would be below
    /// it; null: it would not. Only a store that was lost or set back counts that low.
    /// </summary>
    public long? LaterData =>
        Master is null
        && Status is { LookedAt: not null, Store.IsReachable: true }
        && Status.Members.Select(member => member.DataEpoch).DefaultIfEmpty(0).Max() is var highest
        && highest > Status.Lease.Epoch + 1
            ? highest
            : null;

    /// <summary>
    /// Members that are passed over now. Each was promoted too often, while another candidate has
    /// data that is at least as new and is not passed over itself.
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
