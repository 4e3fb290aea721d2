using System.Globalization;
using System.Text.Json.Serialization;

namespace ClusterSession.Failover.Documents;

/// <summary>A change under way: how the holder of the lease becomes the master.</summary>
/// <param name="Id">Names the change in logs and events.</param>
/// <param name="Kind">Why it was begun.</param>
/// <param name="Epoch">Number of the lease of this change; the change ends with that lease. In a
/// document that takes a lease, this is the least number that the lease can get: only the store
/// knows by how much its numbers grow.</param>
/// <param name="Target">Who will be master.</param>
/// <param name="Source">Who has data that the target lacks; null: nobody.</param>
/// <param name="Step">The step that is being done, or is done.</param>
internal sealed record ClusterChange(
    string Id,
    ChangeKind Kind,
    long Epoch,
    RedisProcess Target,
    RedisProcess? Source,
    ChangeStep Step
)
{
    /// <summary>Names a change.</summary>
    public static string IdOf(ChangeKind kind, long epoch) =>
        string.Create(CultureInfo.InvariantCulture, $"{kind.ToString().ToLowerInvariant()}-{epoch}");

    /// <summary>The same under the number that its lease got.</summary>
    public ClusterChange Numbered(long epoch) => this with { Id = IdOf(Kind, epoch), Epoch = epoch };

    /// <summary>
    /// Whether its target becomes master without newer data, or data of a higher epoch, that was
    /// known to exist and could not be used.
    /// </summary>
    public bool LacksNewerData { get; init; }

    /// <summary>When its agent first saw the lease free that it has taken.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>
    /// Name of the master before, which may be the target itself; null: there was none.
    /// </summary>
    public string? From { get; init; }

    /// <summary>
    /// The line of the former master, which handed over and of which the target has everything. It
    /// comes into the ledger only if this change is not completed.
    /// </summary>
    [JsonPropertyName("former")] // The name that every release reads and writes.
    public UnmergedData? LineIfNotCompleted { get; init; }

    /// <summary>See <see cref="Ruler.IsChosen"/>.</summary>
    public bool IsChosen { get; init; }

    /// <summary>See <see cref="Ruler.Contained"/>.</summary>
    public IReadOnlyList<RedisProcess> Contained { get; init; } = [];

    /// <summary>See <see cref="Ruler.Histories"/>.</summary>
    public IReadOnlyList<HistoryPoint> Histories { get; init; } = [];
}
