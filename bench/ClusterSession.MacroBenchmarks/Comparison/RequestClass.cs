using ClusterSession.MacroBenchmarks.Application;
using ClusterSession.MacroBenchmarks.Load;

namespace ClusterSession.MacroBenchmarks.Comparison;

/// <summary>A kind of request, or a mix, and the sessions it is made on.</summary>
/// <param name="Name">In tables and data.</param>
/// <param name="Profile">What the sessions hold.</param>
/// <param name="Sessions">How many there are.</param>
/// <param name="Work">The requests.</param>
/// <param name="RateShare">Its rate in the open loop, as a share of the usual one.</param>
/// <param name="Beside">The class that it is compared with, beside which it is measured on each
/// target.</param>
internal sealed record RequestClass(
    string Name,
    SessionProfile Profile,
    int Sessions,
    Work Work,
    double RateShare = 1,
    string? Beside = null
)
{
    public const int Seed = 20_260_101;

    public static IReadOnlyList<RequestClass> All(bool isQuick)
    {
        const int Few = 1_000;
        var many = isQuick ? 5_000 : 100_000;
        return
        [
            new("untouched", SessionProfile.Standard, Few, Work.RoundRobin("/untouched", Few)),
            new("read", SessionProfile.Standard, Few, Work.RoundRobin("/read", Few)),
            Mixed(many),
            // Last, because some clients keep the large buffers that 100 KB have made them take.
            new("write", SessionProfile.Standard, Few, Work.RoundRobin("/write", Few)),
            new(
                "counter beside 100 KB",
                SessionProfile.Large,
                200,
                Work.RoundRobin("/counter", 200),
                RateShare: 0.1,
                Beside: "write"
            ),
        ];
    }

    /// <summary>
    /// The profile of the goal: 500 bytes in 10 attributes, 80 % reads, 20 % writes, few sessions
    /// asked for often.
    /// </summary>
    public static RequestClass Mixed(int sessions) =>
        new("mixed 80/20", SessionProfile.Small, sessions, Work.Zipf("/read", "/write", 0.2, sessions, Seed));
}
