using System.Globalization;

namespace ClusterSession.ChaosTests.Agents;

/// <summary>
/// HAProxy with deploy/haproxy/redis.cfg, of which only the addresses are changed.
/// </summary>
internal static class RedisBalancer
{
    /// <summary>Starts it.</summary>
    /// <param name="on">Where it runs.</param>
    /// <param name="port">Its one port.</param>
    /// <param name="members">The two members behind it.</param>
    /// <param name="directory">Where its configuration goes.</param>
    public static async Task<ServerProcess> StartAsync(
        NetworkHost on,
        int port,
        IReadOnlyList<SiteMember> members,
        string directory
    )
    {
        var text = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "redis.cfg"));
        text = Replaced(
            text,
            "bind 127.0.0.1:6379",
            string.Create(CultureInfo.InvariantCulture, $"bind {on.Address}:{port}")
        );
        text = Replaced(text, "10.0.0.11:6379 port 7400", AddressOf(members[0]));
        text = Replaced(text, "10.0.0.12:6379 port 7400", AddressOf(members[1]));
        var file = Path.Combine(directory, "haproxy.cfg");
        await File.WriteAllTextAsync(file, text);
        return await on.StartAsync("haproxy", ["-db", "-f", file], directory);
    }

    private static string AddressOf(SiteMember member) =>
        $"{member.Redis.Endpoint} port {member.AgentAddress.Split(':')[1]}";

    private static string Replaced(string text, string old, string by) =>
        text.Contains(old, StringComparison.Ordinal)
            ? text.Replace(old, by, StringComparison.Ordinal)
            : throw new InvalidOperationException($"deploy/haproxy/redis.cfg has no '{old}'.");
}
