using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ClusterSession.Redis.Connection.Fencing;

namespace ClusterSession.Failover.Control;

/// <summary>The user by which replicas log in to one process under one lease.</summary>
/// <remarks>
/// The password follows from the name and the secret of the cluster, so that nobody has to pass it
/// on, and a reader of one cannot make the next.
/// </remarks>
internal static class ReplicaUser
{
    private const string Prefix = "replica-";

    /// <summary>What a replica needs, and nothing else.</summary>
    public static IReadOnlyList<string> Rights { get; } = ["-@all", "+psync", "+replconf", "+ping"];

    /// <summary>replica-(epoch)-(run id).</summary>
    public static string Name(Tenure tenure) =>
        string.Create(CultureInfo.InvariantCulture, $"{Prefix}{tenure.Epoch}-{tenure.RunId}");

    /// <summary>Whether it is the name of such a user, whatever is behind the prefix.</summary>
    public static bool IsOne(string user) => user.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>The tenure that a name is of; null: it is none.</summary>
    public static Tenure? Read(string user)
    {
        if (!IsOne(user))
        {
            return null;
        }

        var parts = user[Prefix.Length..].Split('-');
        return
            parts.Length == 2
            && parts[1].Length == LeaseRecord.RunIdLength
            && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var epoch)
            ? new Tenure(parts[1], epoch)
            : null;
    }

    /// <summary>Hexadecimal HMAC-SHA256 of the name.</summary>
    public static string Password(string secret, Tenure tenure) =>
        Convert.ToHexStringLower(
            HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(Name(tenure)))
        );
}
