using System.Buffers.Binary;
using System.Text;
using ClusterSession.Records;
using ClusterSession.Redis.Protocol;
using ClusterSession.Redis.Requests;

namespace ClusterSession.Redis.Scripts;

/// <summary>commit.lua with what one request changed.</summary>
internal sealed class CommitRequest(RedisKeys keys, SessionKey key, SessionChange change, CopyLeases leases)
    : SessionScriptRequest(RedisScript.Commit, keys, key, leases)
{
    private const int OnlyOnBase = 1;
    private const int Forgets = 2;
    private const int MayBeTooOld = 4;
    private const int NumberLength = 7;
    private static readonly HashSet<string> s_none = [];
    private const int FixedLength = (2 * NumberLength) + sizeof(int);

    private readonly HashSet<string> _forgotten = change.Forgotten.Count == 0 ? s_none : [.. change.Forgotten];

    private IEnumerable<string> OnlyForgotten =>
        change.Forgotten.Count == 0
            ? []
            : change.Forgotten.Where(name => !(change.Delta.TryGet(name, out var value) && value is null));

    protected override int ArgumentCount => 3 + (2 * (change.Delta.Count + OnlyForgotten.Count()));

    protected override void WriteArguments(ref RespWriter writer)
    {
        WriteVersion(ref writer, change.Version);
        WriteVersion(ref writer, change.Base);
        WriteRest(ref writer);
        foreach (var (name, value) in change.Delta.Changes)
        {
            WriteField(ref writer, name);
            if (value is null)
            {
                WriteRemoval(ref writer, name, change.Forgotten.Count > 0 && _forgotten.Contains(name));
                continue;
            }

            var space = writer.WriteBulkSpace(RedisKeys.AttributeFixedLength + value.Length);
            change.Version.WriteTo(space);
            space[SessionVersion.EncodedLength] = 0;
            value.CopyTo(space[RedisKeys.AttributeFixedLength..]);
        }

        foreach (var name in OnlyForgotten)
        {
            WriteField(ref writer, name);
            writer.WriteBulk(""u8);
        }
    }

    /// <summary>
    /// Whether the commit is to prolong the session. Time is cut into spans as long as a session
    /// may go without being prolonged, and the first commit in each span prolongs it. The spans
    /// follow from the stamps, so that no node has to remember a prolongation, and they begin at
    /// other times for each session. Where the result is wrong, the script notices it by the life
    /// that is left.
    /// </summary>
    private bool IsDue
    {
        get
        {
            var span = (long)(change.Life - change.LeastLife).TotalMicroseconds;
            if (span <= 0)
            {
                return true;
            }

            var shift = (long)(Key.Mark % (ulong)span);
            return (change.Version.Stamp + shift) / span != (change.Base.Stamp + shift) / span;
        }
    }

    private int Options =>
        (change.MustBeBase ? OnlyOnBase : 0)
        | (change.Forgotten.Count > 0 ? Forgets : 0)
        | (change.Version.Stamp > change.Base.Stamp ? 0 : MayBeTooOld);

    protected override SessionVersion Base => change.Base;

    /// <summary>
    /// Writes one argument of all that the script looks at seldom, or in part: each argument costs
    /// the server.
    /// </summary>
    private void WriteRest(ref RespWriter writer)
    {
        var before = Before(change.Version, change.PreviousStamp);
        var options = Options;
        var more = options == 0 && change.UnusedStamps.IsEmpty ? 0 : 1 + change.UnusedStamps.Length;
        var named = more == 0 && before == change.Base ? 0 : SessionVersion.EncodedLength;
        var space = writer.WriteBulkSpace(FixedLength + named + more);
        WriteLife(space, change.Life);
        WriteLife(space[NumberLength..], IsDue ? TimeSpan.Zero : change.LeastLife);
        BinaryPrimitives.WriteInt32BigEndian(space[(2 * NumberLength)..], (int)Math.Min(change.MaxBytes, int.MaxValue));
        space = space[FixedLength..];
        if (named > 0)
        {
            before.WriteTo(space);
        }

        if (more > 0)
        {
            space[SessionVersion.EncodedLength] = (byte)options;
            change.UnusedStamps.Span.CopyTo(space[(SessionVersion.EncodedLength + 1)..]);
        }
    }

    private static void WriteLife(Span<byte> destination, TimeSpan life)
    {
        Span<byte> number = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(number, Math.Max(0, (long)Math.Ceiling(life.TotalMilliseconds)));
        number[^NumberLength..].CopyTo(destination);
    }

    /// <summary>
    /// A tombstone names the version that it removes, if that is known. Where it is to be forgotten
    /// at once, nothing but that version is sent.
    /// </summary>
    private void WriteRemoval(ref RespWriter writer, string name, bool isForgotten)
    {
        var isKnown = SessionDelta.TryFindRemoved(change.Opened, name, out var removed);
        if (isKnown && isForgotten)
        {
            WriteVersion(ref writer, removed);
            return;
        }

        var space = writer.WriteBulkSpace(
            RedisKeys.AttributeFixedLength + (isKnown ? SessionVersion.EncodedLength : 0)
        );
        change.Version.WriteTo(space);
        space[SessionVersion.EncodedLength] = SessionAttribute.RemovedFlag;
        if (isKnown)
        {
            removed.WriteTo(space[RedisKeys.AttributeFixedLength..]);
        }
    }

    private static void WriteField(ref RespWriter writer, string name)
    {
        var space = writer.WriteBulkSpace(1 + Encoding.UTF8.GetByteCount(name));
        RedisKeys.AttributePrefix.CopyTo(space);
        Encoding.UTF8.GetBytes(name, space[1..]);
    }
}
