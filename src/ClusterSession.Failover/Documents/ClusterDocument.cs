using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ClusterSession.Failover.Documents;

/// <summary>
/// What all agents of a cluster know beyond the lease, as JSON in the coordination store. Any agent
/// writes the first one; after that only the agent that takes or holds the lease, and an operator's
/// command.
/// </summary>
internal sealed record ClusterDocument
{
    /// <summary>The format that this release reads and writes.</summary>
    public const int KnownFormat = 1;

    /// <summary>So many events are kept.</summary>
    public const int MaxEvents = 50;

    /// <summary>
    /// Above that the oldest events go; the coordination store takes 32,768 bytes.
    /// </summary>
    public const int MaxBytes = 28_000;

    public int Format { get; init; } = KnownFormat;

    /// <summary>
    /// What the agents add to the coordination store's own epochs. Raised by an operator where a
    /// store that was lost counts from one again; never lowered.
    /// </summary>
    public long EpochBase { get; init; }

    /// <summary>All members, in the order in which they are preferred as master.</summary>
    public IReadOnlyList<ClusterMember> Members { get; init; } = [];

    /// <summary>
    /// The master that was opened last; null: from the release of its lease, or from when another
    /// process takes the lease, until the next one is opened.
    /// </summary>
    public Ruler? Ruler { get; init; }

    /// <summary>Members whose data the present master may lack in part.</summary>
    public IReadOnlyList<UnmergedData> Ledger { get; init; } = [];

    /// <summary>Members that do not follow the master, and since when.</summary>
    public IReadOnlyList<Absence> Absences { get; init; } = [];

    /// <summary>
    /// When the way back was asked for last, whatever came of it; null: never.
    /// </summary>
    [JsonPropertyName("returned")] // The name that every release reads and writes.
    public DateTimeOffset? ReturnAskedAt { get; init; }

    public ClusterChange? Change { get; init; }

    /// <summary>A switch that an operator asked for, or the way back; null: none.</summary>
    public SwitchRequest? Switch { get; init; }

    /// <summary>Whether nothing is decided. The holder goes on renewing.</summary>
    public bool Maintenance { get; init; }

    /// <summary>The failovers of the last while.</summary>
    public IReadOnlyList<Promotion> Promotions { get; init; } = [];

    /// <summary>Members that could not be promoted or opened of late.</summary>
    public IReadOnlyList<FailedChange> Failures { get; init; } = [];

    /// <summary>
    /// How often members were adopted: one who knows a lower number may lack a member.
    /// </summary>
    public long Adoptions { get; init; }

    /// <summary>Members that no longer exist: not asked, not waited for, never promoted.</summary>
    public IReadOnlyList<string> Forgotten { get; init; } = [];

    /// <summary>
    /// Data that the operator discarded. Removed when its member follows the master, or is to open.
    /// </summary>
    public IReadOnlyList<Discard> Discards { get; init; } = [];

    /// <summary>Members that are to get all data anew.</summary>
    public IReadOnlyList<MemberReinit> Reinits { get; init; } = [];

    /// <summary>What happened last, the oldest first.</summary>
    [JsonPropertyName("history")] // The name that every release reads and writes.
    public IReadOnlyList<ClusterEvent> Events { get; init; } = [];

    /// <summary>The members that exist.</summary>
    public IEnumerable<ClusterMember> Present() => Members.Where(member => !Forgotten.Contains(member.Name));

    /// <summary>The member of that name; null: there is none, or it was forgotten.</summary>
    public ClusterMember? Find(string name) => Present().FirstOrDefault(member => member.Name == name);

    /// <summary>The document with a change that a member could not complete.</summary>
    public ClusterDocument WithFailure(string member, DateTimeOffset now, TimeSpan passOver) =>
        this with
        {
            Failures =
            [
                .. Failures.Where(failed => failed.Member != member && now - failed.At < passOver),
                new FailedChange(member, now),
            ],
        };

    /// <summary>Whether the operator discarded data of that epoch of a member.</summary>
    public bool IsDiscarded(string member, long epoch) =>
        Discards.Any(discard => discard.Member == member && epoch <= discard.Epoch);

    /// <summary>
    /// This document with one more event. An event that differs from the event before only in its
    /// time replaces that one: what is tried again and again must not push out the rest.
    /// </summary>
    public ClusterDocument With(ClusterEvent happened)
    {
        var earlier =
            Events.Count > 0 && Events[^1] with { At = happened.At } == happened ? Events.SkipLast(1) : Events;
        return this with { Events = [.. earlier.TakeLast(MaxEvents - 1), happened] };
    }

    public byte[] Write()
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(this, DocumentJson.Default.ClusterDocument);
        return json.Length > MaxBytes && Events.Count > 0
            ? (this with { Events = [.. Events.Skip((Events.Count + 1) / 2)] }).Write()
            : json;
    }

    /// <summary>Reads what an agent has written.</summary>
    /// <exception cref="InvalidDataException">
    /// It is damaged, or of a format that this release does not know.
    /// </exception>
    public static ClusterDocument Read(ReadOnlySpan<byte> json)
    {
        try
        {
            var format = JsonSerializer.Deserialize(json, DocumentJson.Default.DocumentFormat)?.Format;
            if (format != KnownFormat)
            {
                throw new InvalidDataException(
                    $"The cluster's document has format {format?.ToString(CultureInfo.InvariantCulture) ?? "none"}, "
                        + "and this agent knows format "
                        + $"{KnownFormat}. Install the release that the other agents run."
                );
            }

            var document = JsonSerializer.Deserialize(json, DocumentJson.Default.ClusterDocument)!;
            return
                document is { Reinits: not null, Events: not null, Failures: not null, Absences: not null }
                && document is { Members: not null, Ledger: not null, Promotions: not null, Forgotten: not null }
                && document is { Discards: not null, Ruler: not { Contained: null } and not { Histories: null } }
                && document.Change is not { Contained: null } and not { Histories: null }
                ? document
                : throw new InvalidDataException("The cluster's document is damaged: a list is missing.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"The cluster's document is damaged: {e.Message}", e);
        }
    }
}
