using System.Globalization;
using System.Net;
using FullCluster.Site;

namespace FullCluster.Parts;

/// <summary>
/// What the read replicas say: no agent answers for them, since they are no members.
/// </summary>
internal sealed class ReplicaEyes(RedisAdmin admin, SitePorts ports)
{
    /// <summary>Asks one of them.</summary>
    public async Task<ReplicaLook> LookAsync(string name)
    {
        // The replica first: bytes that its master writes meanwhile count as lag, and never the
        // other way round.
        var own = await InfoAsync(ports.Redis[name]);
        if (!own.TryGetValue("master_host", out var host) || !own.TryGetValue("master_port", out var port))
        {
            return ReplicaLook.None;
        }

        var follows = ports.Candidates.FirstOrDefault(redis => $"{redis.Value}" == $"{host}:{port}").Key;
        if (follows is null)
        {
            return ReplicaLook.None;
        }

        var master = await InfoAsync(ports.Redis[follows]);
        var lag = Offset(master, "master_repl_offset") - Offset(own, "slave_repl_offset");
        // Offsets of two histories cannot be compared.
        var isSameHistory = own.GetValueOrDefault("master_replid") == master.GetValueOrDefault("master_replid");
        return new ReplicaLook(
            follows,
            own.GetValueOrDefault("master_link_status") == "up",
            isSameHistory && lag is { } bytes ? Math.Max(0, bytes) : null
        );
    }

    private static long? Offset(Dictionary<string, string> info, string name) =>
        info.TryGetValue(name, out var text) ? long.Parse(text, CultureInfo.InvariantCulture) : null;

    private async Task<Dictionary<string, string>> InfoAsync(IPEndPoint redis) =>
        (await admin.AskAsync(redis, "INFO", "replication") ?? "")
            .Split('\n')
            .Select(line => line.Trim().Split(':', 2))
            .Where(pair => pair.Length == 2)
            .ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
}
