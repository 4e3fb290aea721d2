using System.Globalization;

namespace ClusterSession.Redis;

/// <summary>
/// What is wrong with a connection string, in words that never show the value of a secret, nor
/// anything that follows one: it may be the rest of a password with a comma in it.
/// </summary>
internal static class ConnectionStringFault
{
    /// <summary>Says which part is wrong, why, and what to do.</summary>
    public static FormatException Of(string part, string why, string? remedy) =>
        new($"The Redis connection string is wrong: {part} {why}{(remedy is null ? "" : $"; {remedy}")}.");

    /// <summary>A part of the text as messages may show it: not where it holds an access
    /// (user:password@host), or a password behind a wrong separator
    /// (ssl=true;password=...).</summary>
    /// <param name="part">The part.</param>
    /// <param name="name">What it is called where it is not shown.</param>
    public static string Shown(string part, string name) =>
        part.Contains('@', StringComparison.Ordinal) || part.Contains("passw", StringComparison.OrdinalIgnoreCase)
            ? $"{name} (not shown: it may hold a password; parts are separated by commas, and user:password@host is "
                + "for redis:// URIs)"
            : $"'{part}'";

    /// <summary>A part of a list by its number, from 1.</summary>
    public static string Part(int number) => string.Create(CultureInfo.InvariantCulture, $"part {number}");

    /// <summary>Whether a setting holds a secret.</summary>
    public static bool IsSecret(string key) => key.EndsWith("password", StringComparison.OrdinalIgnoreCase);
}
