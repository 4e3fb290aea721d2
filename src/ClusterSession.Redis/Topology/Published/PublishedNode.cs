using System.Buffers.Binary;
using System.Text.Json;

namespace ClusterSession.Redis.Topology.Published;

/// <summary>
/// Reads the node in which agents keep their cluster: docs/wire-formats.md. Of what stands there
/// only the members and the master are looked at, so that what agents add changes nothing here.
/// </summary>
internal static class PublishedNode
{
    private const byte NodeFormat = 1;
    private const int DocumentFormat = 1;
    private const int IdLength = 16;

    /// <exception cref="InvalidDataException">
    /// It is of a release that this one cannot read, or of somebody else.
    /// </exception>
    public static PublishedMaster Read(ReadOnlySpan<byte> node, long change)
    {
        try
        {
            return ReadDocument(Document(node), change);
        }
        catch (Exception unreadable)
            when (unreadable
                    is JsonException
                        or KeyNotFoundException
                        or FormatException
                        or InvalidOperationException
                        or ArgumentException
            )
        {
            throw new InvalidDataException($"What it holds cannot be read: {unreadable.Message}", unreadable);
        }
    }

    /// <summary>
    /// Format, holder, length of the lease, version, grant; then the document, and what agents have
    /// done last.
    /// </summary>
    private static byte[] Document(ReadOnlySpan<byte> node)
    {
        if (Take(ref node, 1)[0] is var format && format != NodeFormat)
        {
            throw new InvalidDataException(
                $"It has format {format}, and this release reads {NodeFormat}: install the release that the agents run."
            );
        }

        if (BinaryPrimitives.ReadInt32BigEndian(Take(ref node, sizeof(int))) is var holder && holder > 0)
        {
            Take(ref node, holder);
        }

        Take(ref node, sizeof(long) + sizeof(long) + IdLength);
        return Take(ref node, BinaryPrimitives.ReadInt32BigEndian(Take(ref node, sizeof(int)))).ToArray();
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> rest, int length)
    {
        if (length < 0 || rest.Length < length)
        {
            throw new InvalidDataException("It is cut short, or not written by an agent.");
        }

        var taken = rest[..length];
        rest = rest[length..];
        return taken;
    }

    private static PublishedMaster ReadDocument(byte[] json, long change)
    {
        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        if (root.GetProperty("format").GetInt32() is var format && format != DocumentFormat)
        {
            throw new InvalidDataException(
                $"Its document has format {format}, and this release reads {DocumentFormat}: install the release that "
                    + "the agents run."
            );
        }

        var forgotten = Names(root, "forgotten").ToHashSet(StringComparer.Ordinal);
        var members = root.GetProperty("members")
            .EnumerateArray()
            .Select(member => (Name: Text(member, "name"), Redis: Text(member, "redis")))
            .Where(member => !forgotten.Contains(member.Name))
            .ToDictionary(member => member.Name, member => Endpoint(member.Redis), StringComparer.Ordinal);
        return
            root.TryGetProperty("ruler", out var ruler)
            && ruler.ValueKind == JsonValueKind.Object
            && members.TryGetValue(Text(ruler, "member"), out var master)
            ? new PublishedMaster(master, ruler.GetProperty("epoch").GetInt64(), [.. members.Values], change)
            : new PublishedMaster(null, 0, [.. members.Values], change);
    }

    private static IEnumerable<string> Names(JsonElement root, string list) =>
        root.TryGetProperty(list, out var names) ? names.EnumerateArray().Select(name => name.GetString() ?? "") : [];

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString() ?? "";

    /// <summary>As connection strings have servers.</summary>
    private static RedisEndpoint Endpoint(string text) =>
        RedisOptions.Parse(text).Endpoints is [var one]
            ? one
            : throw new InvalidDataException($"The address '{text}' of a member is none of one server.");
}
