using FullCluster.Site;
using ShopCluster;

namespace FullCluster.Parts;

/// <summary>
/// Cuts a replica off from its master and from nothing else, as a firewall between the two would.
/// </summary>
/// <remarks>
/// The replica gets a password that its master refuses, and its connection is ended. Agents do not
/// see the difference: whom it follows stays as it is, the link is down. What agents set at the
/// next change of masters replaces it.
/// </remarks>
internal sealed class ReplicationCut(RedisAdmin admin, SitePorts ports)
{
    private const string Wrong = "cut-by-the-demo";
    private readonly Dictionary<string, (string User, string Password)> _former = [];

    /// <summary>Whether the password that it would log in with is still the wrong one.</summary>
    public async Task<bool> IsCutAsync(string name) =>
        await admin.LastAsync(ports.Redis[name], "CONFIG", "GET", "masterauth") == Wrong;

    /// <summary>Cuts it off.</summary>
    public async Task CutAsync(string name)
    {
        var redis = ports.Redis[name];
        var user = await admin.LastAsync(redis, "CONFIG", "GET", "masteruser");
        var password = await admin.LastAsync(redis, "CONFIG", "GET", "masterauth");
        if (string.IsNullOrEmpty(user) || string.IsNullOrEmpty(password))
        {
            throw new DemoException($"{name} follows nobody: there is nothing to cut.");
        }

        if (password == Wrong)
        {
            return;
        }

        _former[name] = (user, password);
        await admin.AskAsync(redis, "CONFIG", "SET", "masterauth", Wrong);
        await admin.AskAsync(redis, "CLIENT", "KILL", "TYPE", "master");
    }

    /// <summary>Sets its password again, unless it follows another one by now.</summary>
    public async Task HealAsync(string name)
    {
        var redis = ports.Redis[name];
        if (
            await IsCutAsync(name)
            && _former.TryGetValue(name, out var former)
            && await admin.LastAsync(redis, "CONFIG", "GET", "masteruser") == former.User
        )
        {
            await admin.AskAsync(redis, "CONFIG", "SET", "masterauth", former.Password);
        }
    }
}
