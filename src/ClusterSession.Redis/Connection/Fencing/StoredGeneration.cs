using System.Globalization;
using System.Text;

namespace ClusterSession.Redis.Connection.Fencing;

/// <summary>What a server's data says of its generation. Immutable.</summary>
/// <param name="Number">The generation; null: the data tells none.</param>
/// <param name="Floor">
/// The generation at which a server last took over from another one. Data from before it is a
/// deposed master's; data from it on may be a snapshot of the very server that has it.
/// </param>
internal readonly record struct StoredGeneration(long? Number, long? Floor)
{
    /// <summary>Of a server that tells none.</summary>
    public static StoredGeneration None => default;

    /// <summary>
    /// Reads <c>generation writer [floor]</c>. Without a floor, as earlier releases wrote it, any
    /// rise may have been a takeover.
    /// </summary>
    public static StoredGeneration Parse(ReadOnlySpan<byte> stored)
    {
        var parts = Encoding.UTF8.GetString(stored).Split(' ');
        return Whole(parts[0]) is not { } number
            ? None
            : new(number, parts.Length > 2 ? Whole(parts[2]) ?? number : number);
    }

    private static long? Whole(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
