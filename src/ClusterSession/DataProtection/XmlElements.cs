using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using ClusterSession.Stores;

namespace ClusterSession.DataProtection;

/// <summary>
/// What Data Protection keeps in a repository: keys and revocations. Sets unite element by element,
/// in any order, and a retired element stays retired. Immutable.
/// </summary>
/// <remarks>
/// As elements of a document in the cluster's store:
/// <code>
/// id                                   rank  payload
/// 16: first half of SHA-256 of its     1     format = 1, and the text: XML in UTF-8
/// text                                 2     none: it was retired
/// </code>
/// An element is known by its content, because that never changes: what two nodes add unites, and
/// what one adds twice is there once. A retired one leaves its id, or else a node that still had it
/// would bring it back.
/// </remarks>
internal sealed class XmlElements
{
    private const byte Format = 1;
    private const int IdLength = 16;
    private const long PresentRank = 1;
    private const long RetiredRank = 2;

    private readonly SortedDictionary<string, Entry> _entries;

    private XmlElements(SortedDictionary<string, Entry> entries) => _entries = entries;

    public static XmlElements Empty { get; } = new(new(StringComparer.Ordinal));

    /// <summary>
    /// The elements, as objects of the caller's own. Retired ones are not among them.
    /// </summary>
    public IReadOnlyCollection<XElement> Elements =>
        [
            .. _entries
                .Values.Where(static entry => entry.Element is not null)
                .Select(static entry => new XElement(entry.Element!)),
        ];

    /// <summary>Reads a stored set; null if it is not one that this release can read.</summary>
    public static XmlElements? Read(IEnumerable<DocumentElement> stored)
    {
        var entries = new SortedDictionary<string, Entry>(StringComparer.Ordinal);
        foreach (var element in stored)
        {
            var id = Convert.ToHexString(element.Id.Span);
            var payload = element.Payload.Span;
            if (element is { Id.Length: IdLength, Rank: RetiredRank })
            {
                entries[id] = Entry.Retired;
            }
            else if (
                element.Rank == PresentRank
                && payload is [Format, ..]
                && id == IdOf(payload[1..])
                && TryParse(payload[1..], out var read)
            )
            {
                entries[id] = new Entry(payload[1..].ToArray(), read);
            }
            else
            {
                return null;
            }
        }

        return new XmlElements(entries);
    }

    /// <summary>
    /// The elements of this set that another one does not have, as they are stored.
    /// </summary>
    public List<DocumentElement> Beyond(XmlElements other) =>
        [
            .. _entries
                .Where(mine =>
                    !other._entries.TryGetValue(mine.Key, out var theirs) || (mine.Value.IsRetired && !theirs.IsRetired)
                )
                .Select(static mine =>
                    mine.Value.IsRetired
                        ? new DocumentElement(Convert.FromHexString(mine.Key), RetiredRank, default, TimeSpan.MaxValue)
                        : new DocumentElement(
                            Convert.FromHexString(mine.Key),
                            PresentRank,
                            (byte[])[Format, .. mine.Value.Text],
                            TimeSpan.MaxValue
                        )
                ),
        ];

    /// <summary>How many bytes an element has where it is stored.</summary>
    public static int StoredLength(XElement element) =>
        1 + Encoding.UTF8.GetByteCount(element.ToString(SaveOptions.DisableFormatting));

    /// <summary>Whether both say the same.</summary>
    public bool IsSameAs(XmlElements other) =>
        _entries.Count == other._entries.Count
        && _entries.All(mine =>
            other._entries.TryGetValue(mine.Key, out var theirs) && theirs.IsRetired == mine.Value.IsRetired
        );

    public XmlElements With(XElement element)
    {
        var text = Encoding.UTF8.GetBytes(element.ToString(SaveOptions.DisableFormatting));
        return Union(
            new XmlElements(new(StringComparer.Ordinal) { [IdOf(text)] = new Entry(text, new XElement(element)) })
        );
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

    /// <summary>
    /// Others can write to the store too: what is there is parsed without entities.
    /// </summary>
    private static bool TryParse(ReadOnlySpan<byte> text, [NotNullWhen(true)] out XElement? element)
    {
        try
        {
            using var reader = XmlReader.Create(
                new StringReader(Encoding.UTF8.GetString(text)),
                new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null }
            );
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
