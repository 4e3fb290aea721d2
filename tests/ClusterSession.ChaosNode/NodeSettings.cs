using System.Globalization;
using ClusterSession.ChaosNode.Broken;
using Microsoft.Extensions.Configuration;

namespace ClusterSession.ChaosNode;

/// <summary>
/// What the command line says: <c>--name A --mode ClusterSession --store 127.0.0.1:6379 --urls
/// http://127.0.0.1:5000</c>.
/// </summary>
/// <remarks>Everything else goes to the configuration, so that
/// <c>--ClusterSession:LocalCopies:Lease=00:00:00.2</c> works as in any application.</remarks>
public sealed record NodeSettings
{
    /// <summary>The node's name in answers.</summary>
    public string Name { get; init; } = "A";

    /// <summary>
    /// Whose sessions: <c>ClusterSession</c>, or <c>AddSession</c> (the framework's own, as the
    /// negative control).
    /// </summary>
    public SessionMode Mode { get; init; } = SessionMode.ClusterSession;

    /// <summary><c>memory</c>, or a Redis connection string.</summary>
    public string Store { get; init; } = InMemory;

    /// <summary>What this node does without, over Redis.</summary>
    public BrokenPart Broken { get; init; }

    /// <summary>
    /// By how much the node's clock is ahead of the machine's; how time passes is left alone.
    /// </summary>
    public TimeSpan ClockOffset { get; init; }

    public const string InMemory = "memory";

    public static NodeSettings From(IConfiguration configuration) =>
        new()
        {
            Name = configuration["name"] ?? "A",
            Mode = Enum.Parse<SessionMode>(configuration["mode"] ?? nameof(SessionMode.ClusterSession)),
            Store = configuration["store"] ?? InMemory,
            Broken = Enum.Parse<BrokenPart>(configuration["broken"] ?? nameof(BrokenPart.Nothing)),
            ClockOffset = TimeSpan.Parse(configuration["clockOffset"] ?? "0", CultureInfo.InvariantCulture),
        };
}
