using System.Globalization;
using System.Text;

namespace ClusterSession.Redis.Protocol;

/// <summary>
/// A reply as a tree, for rare administrative commands (INFO, ROLE, SENTINEL, CLUSTER). Commands of
/// the daily path parse in place.
/// </summary>
internal sealed class RedisReply
{
    private static readonly RedisReply NullReply = new(RespType.Null, [], []);
    private readonly byte[] _bytes;

    private RedisReply(RespType type, byte[] bytes, RedisReply[] items) => (Type, _bytes, Items) = (type, bytes, items);

    /// <summary>Type of this value.</summary>
    public RespType Type { get; }

    /// <summary>
    /// Members of an aggregate; a map alternates keys and values. Empty for scalars.
    /// </summary>
    public IReadOnlyList<RedisReply> Items { get; }

    /// <summary>Bytes of a scalar.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Whether this is a null.</summary>
    public bool IsNull => Type == RespType.Null;

    /// <summary>Whether this is an error inside an aggregate.</summary>
    public bool IsError => Type is RespType.SimpleError or RespType.BulkError;

    /// <summary>A member of an aggregate.</summary>
    public RedisReply this[int index] => Items[index];

    /// <summary>
    /// The value that follows a key, in a map or in a flat array of keys and values; null if the
    /// key is not there.
    /// </summary>
    public RedisReply? this[string key]
    {
        get
        {
            for (var i = 0; i + 1 < Items.Count; i += 2)
            {
                if (Items[i].AsString() == key)
                {
                    return Items[i + 1];
                }
            }

            return null;
        }
    }

    /// <summary>Reads the value that comes next.</summary>
    public static RedisReply Parse(ref RespReader reader)
    {
        reader.Read();
        return ParseCurrent(ref reader);
    }

    /// <summary>Reads the current value with its members.</summary>
    public static RedisReply ParseCurrent(ref RespReader reader)
    {
        if (reader.IsNull)
        {
            return NullReply;
        }

        if (!reader.IsAggregate)
        {
            return new RedisReply(reader.Type, reader.Bytes.ToArray(), []);
        }

        var type = reader.Type;
        var items = new RedisReply[reader.Count];
        for (var i = 0; i < items.Length; i++)
        {
            items[i] = Parse(ref reader);
        }

        return new RedisReply(type, [], items);
    }

    /// <summary>A scalar as text; empty for null.</summary>
    public string AsString() => Encoding.UTF8.GetString(_bytes);

    /// <summary>The text of a scalar, or the number of members of an aggregate.</summary>
    public override string ToString() =>
        Items.Count > 0 ? string.Create(CultureInfo.InvariantCulture, $"{Type}[{Items.Count}]") : AsString();
}
