using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace ClusterSession.Records;

/// <summary>
/// Where a session goes on after its id was rotated. The tombstone of the former key keeps it.
/// </summary>
/// <param name="Key">The new key. It is no id: nobody can open the session with it.</param>
/// <param name="Seal">
/// The new id, readable only for who has the old one, as <see cref="SealLength"/> characters of
/// base64url; or null, if the successor is for nodes alone. A store keeps it as it is.
/// </param>
/// <param name="IsOthers">
/// Whether the successor is the session of another person, who has logged in to the session and
/// found it empty. What was meant for the former person's session, an end or a commit that is under
/// way, does not go there.
/// </param>
/// <remarks>Immutable. A class, since nearly every answer of a store has none.</remarks>
public sealed record SessionSuccessor(SessionKey Key, string? Seal = null, bool IsOthers = false)
{
    private const char OthersMark = '!';

    /// <summary>How many characters a seal has.</summary>
    public const int SealLength = 24;

    /// <summary>The longest text.</summary>
    public const int MaxTextLength = SessionKey.TextLength + SealLength + 1;

    /// <summary>Reads what <see cref="ToString"/> writes.</summary>
    /// <param name="text">The key's text, behind it the seal, if there is one, and '!' where it is
    /// another's.</param>
    /// <param name="successor">The successor.</param>
    /// <returns>False if the text is none.</returns>
    public static bool TryParse(ReadOnlySpan<byte> text, [NotNullWhen(true)] out SessionSuccessor? successor)
    {
        successor = null;
        var isOthers = text is [.., (byte)OthersMark];
        text = isOthers ? text[..^1] : text;
        if (
            text.Length is not (SessionKey.TextLength or SessionKey.TextLength + SealLength)
            || !SessionKey.TryParse(text[..SessionKey.TextLength], out var key)
        )
        {
            return false;
        }

        var seal = text.Length > SessionKey.TextLength ? Encoding.ASCII.GetString(text[SessionKey.TextLength..]) : null;
        successor = new SessionSuccessor(key, seal, isOthers);
        return true;
    }

    /// <summary>What stores keep: ASCII.</summary>
    public override string ToString() => Key + Seal + (IsOthers ? OthersMark : "");
}
