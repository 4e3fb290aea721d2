using System.Buffers;
using System.Text.Unicode;

namespace ClusterSession.Records;

/// <summary>
/// Text as bytes. The framework's encoder writes U+FFFD for a surrogate without its other half, so
/// that two texts have the same bytes; here such a text has no bytes.
/// </summary>
internal static class Utf8Text
{
    /// <summary>
    /// Writes the UTF-8 of a text; false if it has none. The destination must have room for it.
    /// </summary>
    public static bool TryEncode(ReadOnlySpan<char> text, Span<byte> destination, out int written) =>
        Utf8.FromUtf16(text, destination, out _, out written, replaceInvalidSequences: false) == OperationStatus.Done;

    public static bool IsWellFormed(ReadOnlySpan<char> text)
    {
        var at = text.IndexOfAnyInRange('\uD800', '\uDFFF');
        while (at >= 0)
        {
            if (at + 1 >= text.Length || !char.IsSurrogatePair(text[at], text[at + 1]))
            {
                return false;
            }

            text = text[(at + 2)..];
            at = text.IndexOfAnyInRange('\uD800', '\uDFFF');
        }

        return true;
    }
}
