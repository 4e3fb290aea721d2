using System.Text;

namespace ClusterSession.Records;

/// <summary>
/// One attribute of a <see cref="SessionRecord"/>, seen in place: a name, a value, and the version
/// that wrote it.
/// </summary>
public readonly ref struct SessionAttribute
{
    /// <summary>
    /// Bit 0 of <see cref="Flags"/>: the attribute was removed, and this is its tombstone.
    /// </summary>
    public const byte RemovedFlag = 1;

    internal SessionAttribute(
        ReadOnlySpan<byte> name,
        SessionVersion version,
        byte flags,
        ReadOnlySpan<byte> payload,
        byte[]? large
    )
    {
        NameUtf8 = name;
        Version = version;
        Flags = flags;
        Payload = payload;
        Large = large;
    }

    /// <summary>The name in UTF-8.</summary>
    public ReadOnlySpan<byte> NameUtf8 { get; }

    /// <summary>The commit that wrote or removed it.</summary>
    public SessionVersion Version { get; }

    /// <summary>
    /// Flag bits; those this release does not know are carried through unchanged.
    /// </summary>
    public byte Flags { get; }

    /// <summary>
    /// The value. Of a tombstone: the version that was removed, or nothing where that is not known.
    /// </summary>
    public ReadOnlySpan<byte> Payload { get; }

    /// <summary>Whether there is a value, not only a tombstone.</summary>
    public bool Exists => (Flags & RemovedFlag) == 0 && !Version.IsNone;

    /// <summary>The name as text.</summary>
    public string Name => Encoding.UTF8.GetString(NameUtf8);

    /// <summary>
    /// The array that a large payload lives in, shared between records; never written to.
    /// </summary>
    internal byte[]? Large { get; }
}
