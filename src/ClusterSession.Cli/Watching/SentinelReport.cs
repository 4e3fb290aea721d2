using ClusterSession.Cli.Verdicts;
using ClusterSession.Failover.Face;

namespace ClusterSession.Cli.Watching;

/// <summary>JSON of <c>sentinel status</c>.</summary>
/// <param name="Verdict">What a person needs to know.</param>
/// <param name="Service">Name of the master, as the Sentinels have it.</param>
/// <param name="Master">The master that a majority names; null: none does.</param>
/// <param name="Epoch">Number of the configuration that names it.</param>
/// <param name="Majority">So many Sentinels are a majority.</param>
/// <param name="IsFailingOver">Whether a Sentinel of that majority holds the master for down, or is
/// replacing it.</param>
/// <param name="Sentinels">Each Sentinel.</param>
/// <param name="Redis">Each Redis that they name.</param>
internal sealed record SentinelReport(
    Verdict Verdict,
    string Service,
    string? Master,
    long Epoch,
    int Majority,
    bool IsFailingOver,
    IReadOnlyList<SentinelState> Sentinels,
    IReadOnlyList<ServerReport> Redis
)
{
    public static SentinelReport Of(Verdict verdict, SiteFacts facts) =>
        new(
            verdict,
            facts.Sight.Service,
            facts.Master,
            facts.Epoch,
            facts.Majority,
            facts.IsFailingOver,
            facts.Sight.Sentinels,
            [
                .. facts.Sight.Redis.Select(server => new ServerReport(
                    server.Address,
                    server.Role,
                    server.Follows,
                    server.Role == MemberRole.Replica ? server.IsLinkUp : null,
                    facts.LagBytes(server),
                    server.SilentSeconds,
                    server.Priority,
                    server.Role == MemberRole.Master ? server.NeedsReplicas : null,
                    server.Problem
                )),
            ]
        );
}

/// <summary>A Redis of a Sentinel site. What is unknown or not its own is null.</summary>
/// <param name="Address">host:port.</param>
/// <param name="Role">What it says that it is.</param>
/// <param name="Follows">Whom a replica follows.</param>
/// <param name="IsLinkUp">Whether a replica is connected to its master and complete.</param>
/// <param name="LagBytes">How many bytes it is behind the master.</param>
/// <param name="SilentSeconds">For how long it has not heard of its master.</param>
/// <param name="Priority">0: it is never promoted.</param>
/// <param name="NeedsReplicas">Whether a master refuses writes without replicas.</param>
/// <param name="Problem">Why it has not answered.</param>
internal sealed record ServerReport(
    string Address,
    MemberRole Role,
    string? Follows,
    bool? IsLinkUp,
    long? LagBytes,
    long? SilentSeconds,
    int? Priority,
    bool? NeedsReplicas,
    string? Problem
);
