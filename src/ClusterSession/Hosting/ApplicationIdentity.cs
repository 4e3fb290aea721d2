using System.Buffers;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace ClusterSession.Hosting;

/// <summary>
/// Completes the options: where they do not name the application that sessions belong to, it is the
/// host's application. Its name is also part of the prefix of the keys in the store.
/// </summary>
/// <param name="environment">The host's, where there is one.</param>
internal sealed class ApplicationIdentity(IHostEnvironment? environment = null)
    : IPostConfigureOptions<ClusterSessionOptions>
{
    /// <summary>The longest prefix of keys in the store.</summary>
    public const int LongestPrefix = 64;

    /// <summary>The characters of a prefix of keys in the store.</summary>
    public static readonly SearchValues<char> PrefixCharacters = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
    );

    private const string Beginning = "cs.";
    private const int HashLength = 8;

    public void PostConfigure(string? name, ClusterSessionOptions options)
    {
        options.ApplicationName ??= environment?.ApplicationName is { Length: > 0 } host
            ? host
            : Assembly.GetEntryAssembly()?.GetName().Name ?? "application";
        options.KeyPrefix ??= PrefixOf(options.ApplicationName);
    }

    /// <summary>
    /// What keys of an application begin with: its name, where that can be used as it is. Else
    /// a part of its hash keeps names apart that differ in other characters only.
    /// </summary>
    public static string PrefixOf(string application)
    {
        if (
            application.Length <= LongestPrefix - Beginning.Length
            && !application.AsSpan().ContainsAnyExcept(PrefixCharacters)
        )
        {
            return Beginning + application;
        }

        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(application)))[..HashLength];
        var shown = application[..Math.Min(application.Length, LongestPrefix - Beginning.Length - HashLength - 1)]
            .Select(static c => PrefixCharacters.Contains(c) ? c : '-');
        return $"{Beginning}{string.Concat(shown)}-{hash}";
    }
}
