using System.Security.Cryptography;
using ClusterSession.Stores;

namespace ClusterSession.Tests.Stores.ThirdParty;

/// <summary>A document as bytes, and its two steps; all times are of the server's clock.</summary>
internal sealed class PlainDocument
{
    private const int MaxElements = 256;

    private readonly List<Element> _elements = []; // In the order of their changes.
    private long _incarnation = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(8)) | 1;
    private long _sequence;

    private PlainDocument() { }

    public DocumentPosition Position => new(_incarnation, _sequence);

    /// <summary>How long the last of its elements lives on.</summary>
    public TimeSpan LongestLife(TimeSpan now) =>
        _elements.Select(element => LeftUntil(element.Until, now)).DefaultIfEmpty().Max();

    public static TimeSpan LeftUntil(TimeSpan until, TimeSpan now) => until == TimeSpan.MaxValue ? until : until - now;

    public static PlainDocument Read(byte[]? bytes)
    {
        var document = new PlainDocument();
        if (bytes is null)
        {
            return document;
        }

        using var reader = new BinaryReader(new MemoryStream(bytes));
        (document._incarnation, document._sequence) = (reader.ReadInt64(), reader.ReadInt64());
        for (var left = reader.ReadInt32(); left > 0; left--)
        {
            document._elements.Add(
                new Element(
                    reader.ReadBytes(reader.ReadByte()),
                    reader.ReadInt64(),
                    reader.ReadBytes(reader.ReadInt32()),
                    new TimeSpan(reader.ReadInt64()),
                    reader.ReadInt64()
                )
            );
        }

        return document;
    }

    public byte[] ToBytes()
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        writer.Write(_incarnation);
        writer.Write(_sequence);
        writer.Write(_elements.Count);
        foreach (var element in _elements)
        {
            writer.Write((byte)element.Id.Length);
            writer.Write(element.Id);
            writer.Write(element.Rank);
            writer.Write(element.Payload.Length);
            writer.Write(element.Payload);
            writer.Write(element.Until.Ticks);
            writer.Write(element.Sequence);
        }

        return bytes.ToArray();
    }

    /// <summary>What was changed since a position, as much as one answer takes.</summary>
    public StoreDocument Since(DocumentPosition known, TimeSpan now, SessionLease lease)
    {
        var isFromBeginning = known.Incarnation != _incarnation || known.Sequence > _sequence;
        var after = isFromBeginning ? 0 : known.Sequence;
        var changed = _elements.Where(element => element.Sequence > after && element.Until > now).ToList();
        var isComplete = changed.Count <= MaxElements;
        var page = changed.Take(MaxElements).ToList();
        return new(isComplete ? Position : Position with { Sequence = page[^1].Sequence }, Lease: lease)
        {
            IsFromBeginning = isFromBeginning,
            IsComplete = isComplete,
            Elements =
            [
                .. page.Select(element => new DocumentElement(
                    element.Id,
                    element.Rank,
                    element.Payload,
                    LeftUntil(element.Until, now)
                )),
            ],
        };
    }

    /// <summary>Merges elements, and answers whether one of them has changed it.</summary>
    public bool Merge(IReadOnlyList<DocumentElement> elements, TimeSpan now)
    {
        var before = _sequence;
        _elements.RemoveAll(element => element.Until <= now);
        foreach (var element in elements)
        {
            var at = _elements.FindIndex(stored => stored.Id.AsSpan().SequenceEqual(element.Id.Span));
            if (at >= 0 && _elements[at].Rank >= element.Rank)
            {
                continue;
            }

            if (at >= 0)
            {
                _elements.RemoveAt(at);
            }

            var until = element.Life < TimeSpan.MaxValue - now ? now + element.Life : TimeSpan.MaxValue;
            _elements.Add(
                new Element(element.Id.ToArray(), element.Rank, element.Payload.ToArray(), until, ++_sequence)
            );
        }

        return _sequence > before;
    }

    private sealed record Element(byte[] Id, long Rank, byte[] Payload, TimeSpan Until, long Sequence);
}
