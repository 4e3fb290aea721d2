using ClusterSession.Cli.Watching;
using ClusterSession.Failover.Face;

namespace ClusterSession.Cli.Tests.Watching;

/// <summary>Sights of a site with three Sentinels and three Redis, in all states.</summary>
internal static class Sights
{
    public const string A = "10.0.0.11:6379";
    public const string B = "10.0.0.12:6379";
    public const string C = "10.0.0.13:6379";
    private const string Late = "It has not answered within 2000 ms.";
    private static readonly DateTimeOffset At = new(2026, 1, 15, 12, 0, 0, TimeSpan.Zero);

    public static Dictionary<string, SiteSight> All { get; } =
        new()
        {
            ["healthy"] = Of([Names(1, A), Names(2, A), Names(3, A)], [Master(A), Replica(B), Replica(C, lag: 4_096)]),
            ["read-replica"] = Of(
                [Names(1, A), Names(2, A), Names(3, A)],
                [Master(A), Replica(B), Replica(C) with { Priority = 0 }]
            ),
            ["former-named-by-one"] = Of(
                [Names(1, B, 7), Names(2, B, 7), Names(3, A, 6)],
                [Replica(A, of: B), Master(B), Replica(C, of: B)]
            ),
            ["two-masters"] = Of(
                [Names(1, B, 7), Names(2, B, 7), Names(3, B, 7)],
                [Master(A), Master(B), Replica(C, of: B)]
            ),
            ["sentinel-away"] = Of([Names(1, A), Names(2, A), Silent(3)], [Master(A), Replica(B), Replica(C)]),
            ["no-majority"] = Of([Names(1, A), Silent(2), Silent(3)], [Master(A), Replica(B), Replica(C)]),
            ["split"] = Of([Names(1, A, 6), Names(2, B, 7), Silent(3)], [Master(A), Master(B), Replica(C, of: B)]),
            ["nobody"] = Of([Silent(1), Silent(2), Silent(3)], []),
            ["unknown-name"] = Of([Names(1, null), Names(2, null), Names(3, null)], []),
            ["master-dead"] = Of([Names(1, A), Names(2, A), Names(3, A)], [Dead(A), Lost(B, 3), Lost(C, 3)]),
            ["failing-over"] = Of(
                [Names(1, A) with { IsFailingOver = true }, Names(2, A), Names(3, A)],
                [Dead(A), Master(B), Lost(C, 5)]
            ),
            // The Sentinel that led the failover still leads C over.
            ["finishing"] = Of(
                [Names(1, B, 7) with { IsFinishing = true }, Names(2, B, 7), Names(3, B, 7)],
                [Dead(A), Master(B), Lost(C, 5)]
            ),
            // By plan: A has not heard of it, and two of three Sentinels have not.
            ["newer-known-by-one"] = Of(
                [Names(1, B, 7) with { IsFinishing = true }, Names(2, A), Names(3, A)],
                [Master(A), Master(B), Replica(C)]
            ),
            ["two-configurations"] = Of(
                [Names(1, A, 6), Names(2, B, 5), Names(3, A, 4)],
                [Master(A), Replica(B), Replica(C)]
            ),
            ["named-twice"] = Of(
                [
                    Names(1, A) with
                    {
                        RunId = "one",
                    },
                    Names(2, A) with
                    {
                        RunId = "two",
                    },
                    Names(1, A) with
                    {
                        RunId = "one",
                        Address = "sentinel-1:26379",
                    },
                ],
                [Master(A), Replica(B), Replica(C)]
            ),
            ["named-otherwise"] = Of([Names(1, A), Names(2, A), Names(3, A)], [Master(A), Replica(B), Replica(C)]) with
            {
                OwnName = A,
            },
            ["master-says-replica"] = Of(
                [Names(1, A), Names(2, A), Names(3, A)],
                [Replica(A, of: B), Master(B), Replica(C, of: B)]
            ),
            ["replica-dead"] = Of([Names(1, A), Names(2, A), Names(3, A)], [Master(A), Replica(B), Dead(C)]),
            ["link-down"] = Of(
                [Names(1, A), Names(2, A), Names(3, A)],
                [Master(A), Lost(B, 75), Replica(C) with { Priority = 0 }]
            ),
            ["follows-another"] = Of(
                [Names(1, A), Names(2, A), Names(3, A)],
                [Master(A), Replica(B), Replica(C, of: B) with { SilentSeconds = 0 }]
            ),
            ["writes-without-replicas"] = Of(
                [Names(1, A), Names(2, A), Names(3, A)],
                [Master(A) with { NeedsReplicas = false }, Replica(B), Replica(C)]
            ),
            ["quorum-too-high"] = Of(
                [Names(1, A) with { Quorum = 3 }, Names(2, A) with { Quorum = 3 }, Silent(3)],
                [Master(A), Replica(B), Replica(C)]
            ),
            ["sentinels-not-named"] = Of(
                [Names(1, A) with { AllSentinels = 5 }, Names(2, A) with { AllSentinels = 5 }],
                [Master(A), Replica(B), Replica(C)]
            ),
        };

    /// <summary>The same, where two of three Sentinels are late.</summary>
    public static SiteSight WithoutMajority(SiteSight sight) =>
        sight with
        {
            Sentinels = [sight.Sentinels[0], Silent(2), Silent(3)],
        };

    public static SiteSight Of(SentinelState[] sentinels, ServerState[] redis) => new("shop", At, sentinels, redis);

    public static SentinelState Names(int sentinel, string? master, long epoch = 6) =>
        new($"10.0.0.2{sentinel}:26379")
        {
            Master = master,
            Epoch = epoch,
            Quorum = 2,
            AllSentinels = 3,
        };

    public static SentinelState Silent(int sentinel) => new($"10.0.0.2{sentinel}:26379") { Problem = Late };

    public static ServerState Master(string address) =>
        new(address)
        {
            Role = MemberRole.Master,
            History = "history",
            Offset = 1_000_000,
            NeedsReplicas = true,
        };

    public static ServerState Replica(string address, string of = A, long lag = 0) =>
        new(address)
        {
            Role = MemberRole.Replica,
            Follows = of,
            IsLinkUp = true,
            History = "history",
            Offset = 1_000_000 - lag,
            SilentSeconds = 1,
            Priority = 100,
        };

    public static ServerState Dead(string address) => new(address) { Problem = Late };

    private static ServerState Lost(string address, long seconds) =>
        Replica(address) with
        {
            IsLinkUp = false,
            SilentSeconds = seconds,
        };
}
