using System.Text;

namespace ClusterSession.Records;

/// <summary>
/// Which names attributes can have: text with exactly one UTF-8 form, because that is what stores
/// keep, of a bounded length.
/// </summary>
internal static class AttributeName
{
    /// <summary>Whether a name is kept from applications.</summary>
    public static bool IsReserved(string? name) => name is ['\0', ..];

    /// <inheritdoc cref="IsReserved(string?)"/>
    public static bool IsReserved(ReadOnlySpan<byte> nameUtf8) => nameUtf8.Length > 0 && nameUtf8[0] == 0;

    /// <exception cref="ArgumentException">The name is reserved, too long, or no well-formed
    /// UTF-16.</exception>
    public static void ThrowIfUnusable(string key, int maxBytes)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (ProblemOf(key, maxBytes) is { } problem)
        {
            throw new ArgumentException(problem, nameof(key));
        }
    }

    /// <summary>Why no attribute can have this name, with the remedy; null if one can.</summary>
    public static string? ProblemOf(string key, int maxBytes)
    {
        if (IsReserved(key))
        {
            return "Names of attributes that begin with the character U+0000 are reserved. Choose another name.";
        }

        if (!Utf8Text.IsWellFormed(key))
        {
            return "The name of the attribute has a surrogate without its other half, which has no UTF-8 form of its "
                + "own: two names would be one. Choose another name.";
        }

        return key.Length * 3 > maxBytes && Encoding.UTF8.GetByteCount(key) is var bytes && bytes > maxBytes
            ? $"The name of the attribute has {bytes:N0} bytes of UTF-8, and ClusterSession:MaxAttributeNameBytes "
                + $"allows {maxBytes:N0}. Choose a shorter name, or raise the limit."
            : null;
    }
}
