using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace ClusterSession.DataProtection;

/// <summary>
/// What Data Protection keeps in a repository: keys and revocations. Sets unite element by element, in
/// any order, and a retired element stays retired. Immutable.
/// </summary>
/// <remarks>
/// As stored in the cluster's store (format 1, big-endian):
/// <code>
/// offset  size  field
/// 0       1     format = 1
/// per element, ascending by id:
///   0     16    id: first half of SHA-256 of its text
///   16    4     length of the text; 0 for an element that was retired
///   20          the text: XML in UTF-8
/// </code>
/// An element is known by its content, because that never changes: what two nodes add unites, and what
/// one adds twice is there once. A retired one leaves its id, or else a node that still had it would
/// bring it back.
/// </remarks>
internal sealed class XmlElements
{
    private const byte Format = 1;
    private const int IdLength = 16;
    private const int FixedLength = IdLength + sizeof(int);

    private readonly SortedDictionary<string, Entry> _entries;

    private XmlElements(SortedDictionary<string, Entry> entries) => _entries = entries;

    public static XmlElements Empty { get; } = new(new(StringComparer.Ordinal));

    /// <summary>The elements, as objects of the caller's own. Retired ones are not among them.</summary>
    public IReadOnlyCollection<XElement> Elements =>
        [.. _entries.Values.Where(static entry => entry.Element is not null).Select(static entry => new XElement(entry.Element!))];

    /// <summary>Reads a stored set; null if it is not one that this release can read.</summary>
    public static XmlElements? Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty || bytes[0] != Format)
        {
            return null;
        }

        var entries = new SortedDictionary<string, Entry>(StringComparer.Ordinal);
        for (var rest = bytes[1..]; !rest.IsEmpty;)
        {
            if (rest.Length < FixedLength
                || BinaryPrimitives.ReadInt32BigEndian(rest[IdLength..]) is not (>= 0 and var length)
                || length > rest.Length - FixedLength)
            {
                return null;
            }

            var text = rest.Slice(FixedLength, length);
            var id = Convert.ToHexString(rest[..IdLength]);
            XElement? element = null;
            if (length > 0 && (id != IdOf(text) || !TryParse(text, out element)))
            {
                return null;
            }

            entries[id] = new Entry(text.ToArray(), element);
            rest = rest[(FixedLength + length)..];
        }

        return new XmlElements(entries);
    }

    public byte[] Write()
    {
        var bytes = new byte[1 + _entries.Values.Sum(static entry => FixedLength + entry.Text.Length)];
        bytes[0] = Format;
        var rest = bytes.AsSpan(1);
        foreach (var (id, entry) in _entries)
        {
            Convert.FromHexString(id).CopyTo(rest);
            BinaryPrimitives.WriteInt32BigEndian(rest[IdLength..], entry.Text.Length);
            entry.Text.CopyTo(rest[FixedLength..]);
            rest = rest[(FixedLength + entry.Text.Length)..];
        }

        return bytes;
    }

    /// <summary>Whether both say the same.</summary>
    public bool IsSameAs(XmlElements other) =>
        _entries.Count == other._entries.Count
        && _entries.All(mine => other._entries.TryGetValue(mine.Key, out var theirs)
            && theirs.IsRetired == mine.Value.IsRetired);

    public XmlElements With(XElement element)
    {
        var text = Encoding.UTF8.GetBytes(element.ToString(SaveOptions.DisableFormatting));
        return Union(new XmlElements(new(StringComparer.Ordinal) { [IdOf(text)] = new Entry(text, new XElement(element)) }));
    }

    /// <summary>Without an element, for good.</summary>
    public XmlElements Retire(XElement element)
    {
        var text = Encoding.UTF8.GetBytes(element.ToString(SaveOptions.DisableFormatting));
        return Union(new XmlElements(new(StringComparer.Ordinal) { [IdOf(text)] = Entry.Retired }));
    }

    /// <summary>The elements of both; what one of them has retired is retired.</summary>
    public XmlElements Union(XmlElements other)
    {
        var entries = new SortedDictionary<string, Entry>(_entries, StringComparer.Ordinal);
        foreach (var (id, entry) in other._entries)
        {
            if (entry.IsRetired || !entries.ContainsKey(id))
            {
                entries[id] = entry;
            }
        }

        return new XmlElements(entries);
    }

    private static string IdOf(ReadOnlySpan<byte> text)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(text, hash);
        return Convert.ToHexString(hash[..IdLength]);
    }

    /// <summary>Others can write to the store too: what is there is parsed without entities.</summary>
    private static bool TryParse(ReadOnlySpan<byte> text, [NotNullWhen(true)] out XElement? element)
    {
        try
        {
            using var reader = XmlReader.Create(
                new StringReader(Encoding.UTF8.GetString(text)),
                new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null });
            element = XElement.Load(reader, LoadOptions.PreserveWhitespace);
            return true;
        }
        catch (XmlException)
        {
            element = null;
            return false;
        }
    }

    private sealed record Entry(byte[] Text, XElement? Element)
    {
        public static Entry Retired { get; } = new([], null);

        public bool IsRetired => Element is null;
    }
}
