using System.Globalization;

namespace ClusterSession.Histories;

/// <summary>
/// A commit's version as the product shows it: totally ordered, and one version names one commit.
/// The checker knows no more about it, so that it can not share a mistake with the product's own
/// type.
/// </summary>
public readonly record struct SeenVersion(long Stamp, string Writer) : IComparable<SeenVersion>
{
    public int CompareTo(SeenVersion other)
    {
        var byStamp = Stamp.CompareTo(other.Stamp);
        return byStamp != 0 ? byStamp : string.CompareOrdinal(Writer, other.Writer);
    }

    public override string ToString() => Stamp.ToString(CultureInfo.InvariantCulture) + "/" + Writer;

    /// <summary>
    /// Reads <c>stamp/writer</c>, and as well <c>stamp-writer</c>, <c>stamp@writer</c> or
    /// <c>(stamp, writer)</c>; null for anything else.
    /// </summary>
    public static SeenVersion? TryParse(string? text)
    {
        if (text is null)
        {
            return null;
        }
        var trimmed = text.AsSpan().Trim(" ()");
        var digits = 0;
        while (digits < trimmed.Length && char.IsAsciiDigit(trimmed[digits]))
        {
            digits++;
        }
        if (
            digits == 0
            || !long.TryParse(trimmed[..digits], NumberStyles.None, CultureInfo.InvariantCulture, out var stamp)
        )
        {
            return null;
        }
        return new SeenVersion(stamp, trimmed[digits..].Trim("/-@,:. ").ToString());
    }

    public static bool operator <(SeenVersion left, SeenVersion right) => left.CompareTo(right) < 0;

    public static bool operator >(SeenVersion left, SeenVersion right) => left.CompareTo(right) > 0;

    public static bool operator <=(SeenVersion left, SeenVersion right) => left.CompareTo(right) <= 0;

    public static bool operator >=(SeenVersion left, SeenVersion right) => left.CompareTo(right) >= 0;
}
