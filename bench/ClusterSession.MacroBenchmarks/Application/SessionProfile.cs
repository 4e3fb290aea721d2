using System.Security.Cryptography;

namespace ClusterSession.MacroBenchmarks.Application;

/// <summary>
/// What the sessions of a measurement hold: a0 is a counter of 8 bytes, the others are random bytes
/// of equal length.
/// </summary>
internal sealed record SessionProfile(string Name, int Attributes, int Bytes)
{
    /// <summary>10 attributes, 500 bytes.</summary>
    public static readonly SessionProfile Small = new("small", 10, 500);

    /// <summary>10 attributes, 2 KB; the one that is read has 226 bytes.</summary>
    public static readonly SessionProfile Standard = new("standard", 10, 2048);

    /// <summary>A counter beside 100 KB.</summary>
    public static readonly SessionProfile Large = new("large", 2, 8 + 100 * 1024);

    public static readonly IReadOnlyList<SessionProfile> All = [Small, Standard, Large];

    /// <summary>The attribute that writes change.</summary>
    public const string Counter = "a0";

    /// <summary>The attribute that reads read.</summary>
    public const string Read = "a1";

    /// <summary>Names and values for a new session.</summary>
    public IEnumerable<(string Name, byte[] Value)> NewValues()
    {
        yield return (Counter, new byte[8]);
        for (var i = 1; i < Attributes; i++)
        {
            yield return ($"a{i}", RandomNumberGenerator.GetBytes((Bytes - 8) / (Attributes - 1)));
        }
    }
}
