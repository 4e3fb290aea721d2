using ClusterSession.Records;
using ClusterSession.Stores;

namespace ClusterSession.Local;

/// <summary>What the store does not have of one session yet. Guarded by a lock on itself.</summary>
internal sealed class PendingSession(DateTimeOffset since)
{
    /// <summary>
    /// How long a node waits before it sends a session again, if the store refuses that session's
    /// record alone.
    /// </summary>
    public static readonly TimeSpan PauseOfRefused = TimeSpan.FromMinutes(1);

    /// <summary>
    /// The session with everything that is pending, or null if its end is pending.
    /// </summary>
    public SessionRecord? Record { get; set; }

    /// <summary>
    /// The oldest version on which a pending commit was made. The store is known to have had it;
    /// none: no such version is known. Attributes with newer versions are what is to be sent.
    /// </summary>
    public SessionVersion Base { get; set; }

    /// <summary>
    /// What changed, where one commit is pending that was made on <see cref="Base"/>, and that no
    /// request has sent before it came here. The store needs no more than that, and has then
    /// exactly <see cref="Record"/>. A sending that was not acknowledged is repeated with it.
    /// </summary>
    public OnlyCommit? OnlyCommit { get; set; }

    /// <summary>
    /// Whether tombstones were dropped since: only <see cref="Record"/> as a whole then says what
    /// was removed.
    /// </summary>
    public bool HasForgotten { get; set; }

    /// <summary>
    /// The version that the store had after the last sending, if nobody else had a part in it, so
    /// that all of it is here; else none. Read at the next sending, where more has come meanwhile.
    /// </summary>
    public SessionVersion Stored { get; set; }

    /// <summary>
    /// Intervals of versions under which it was sent, and may be stored: what is pending contains
    /// all that they have brought.
    /// </summary>
    public ReadOnlyMemory<byte> Attempted { get; set; }

    /// <summary>The session's end, if that is pending.</summary>
    public SessionEnd? End { get; set; }

    /// <summary>
    /// Whether nothing is added to it any more, because it has been sent or was given up: a later
    /// change begins another one.
    /// </summary>
    public bool IsClosed { get; set; }

    /// <summary>
    /// Why the last sending was not taken. Where that concerns this record alone it is set aside:
    /// the same again at once would be refused again, and it is to hold up neither the others nor a
    /// node that shuts down.
    /// </summary>
    public StoreFailure Refusal { get; set; }

    /// <summary>When that was, as a timestamp.</summary>
    public long RefusedAt { get; set; }

    /// <summary>Whether it is not to be sent now, neither in the background nor for a
    /// request.</summary>
    public bool IsSetAside(TimeProvider time) =>
        Refusal.IsOfRecord() && time.GetElapsedTime(RefusedAt) < PauseOfRefused;

    /// <summary>When the oldest of it was acknowledged.</summary>
    public DateTimeOffset Since { get; } = since;

    /// <summary>When the last commit came, as a timestamp.</summary>
    public long ChangedAt { get; set; }

    /// <summary>One sending at a time.</summary>
    public SemaphoreSlim Sending { get; } = new(1, 1);

    public int Size => Record?.Size ?? 0;

    /// <summary>
    /// What the store lacks: the attributes that are newer than the base, and the commits above it.
    /// The commits below it are left out, since their attributes are not here.
    /// </summary>
    public static SessionRecord Unsent(SessionRecord record, SessionVersion stored)
    {
        using var builder = SessionRecordBuilder.Rent();
        builder.SetHeader(record.Flags, record.Created);
        builder.SetVersion(record.Version, record.Previous);
        builder.AddCommitsAbove(record, stored.Stamp);
        foreach (var attribute in record)
        {
            if (attribute.Version > stored)
            {
                builder.Add(attribute.NameUtf8, attribute.Version, attribute.Flags, attribute.Payload, attribute.Large);
            }
        }

        return builder.Build();
    }
}
