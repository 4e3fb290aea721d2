using System.Diagnostics;
using FullCluster.Parts;
using ShopCluster;

namespace FullCluster.Check;

/// <summary>
/// Whether both read replicas follow a master with everything: the same keys, and the same bytes in
/// every one of them.
/// </summary>
internal sealed class ReplicaCheck(FullSite site)
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// Waits until it is so, while nobody writes sessions, and answers what all three have.
    /// </summary>
    /// <remarks>
    /// Nodes report to the store once a second, so that the three answers, which come one after the
    /// other, may differ although nobody is behind. Then all are asked again.
    /// </remarks>
    public async Task<RedisContent> AwaitAsync(string master, CancellationToken cancellation)
    {
        for (var watch = Stopwatch.StartNew(); ; await Task.Delay(Pause, cancellation))
        {
            var content = await site.Admin.ContentAsync(site.Ports.Redis[master]);
            List<string> troubles = content is null ? [$"{master} does not show what it has"] : [];
            foreach (var replica in site.Ports.Replicas.Keys)
            {
                if (await TroubleAsync(replica, master, content) is { } trouble)
                {
                    troubles.Add(trouble);
                }
            }

            if (troubles.Count == 0)
            {
                return content!;
            }

            if (watch.Elapsed > Deadline)
            {
                throw new DemoException($"Not within {Deadline.TotalSeconds:0} s: {string.Join(". ", troubles)}.");
            }
        }
    }

    /// <summary>Waits until no replica is connected to any master.</summary>
    public async Task AreCutAsync(CancellationToken cancellation)
    {
        for (var watch = Stopwatch.StartNew(); ; await Task.Delay(Pause, cancellation))
        {
            var looks = await Task.WhenAll(site.Ports.Replicas.Keys.Select(site.Replicas.LookAsync));
            if (looks.All(look => look is { Follows: not null, IsLinkUp: false }))
            {
                return;
            }

            if (watch.Elapsed > Deadline)
            {
                throw new DemoException($"Not within {Deadline.TotalSeconds:0} s: the replicas are cut off.");
            }
        }
    }

    private async Task<string?> TroubleAsync(string replica, string master, RedisContent? content)
    {
        var look = await site.Replicas.LookAsync(replica);
        if (look.Follows != master || !look.IsLinkUp)
        {
            return $"{replica} follows {look.Follows ?? "nobody"}{(look.IsLinkUp ? "" : ", not connected")}";
        }

        var own = await site.Admin.ContentAsync(site.Ports.Redis[replica]);
        return own is null ? $"{replica} does not show what it has"
            : content?.Difference(own) is { } difference ? $"{replica} has {difference}, compared with {master}"
            : null;
    }
}
