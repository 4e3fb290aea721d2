using System.Globalization;
using Xunit;

namespace ClusterSession.ChaosTests.Agents;

/// <summary>
/// How long an address takes to move, and the nodes to find that their connections are dead; in
/// milliseconds from the fault.
/// </summary>
internal sealed class AddressTimes(ITestOutputHelper output, AgentSite site)
{
    /// <summary>
    /// Watches one fault of the master until all nodes are connected to the next one.
    /// </summary>
    public async Task WatchAsync(string fault, SiteMember old, Func<Task> cause)
    {
        var next = site.Other(old);
        var (from, to) = (site.IndexOf(old), site.IndexOf(next));
        var connections = await NodesAsync(old);
        var (moves, at) = (site.Virtual.Moves().Count, TimeProvider.System.GetUtcNow());
        await cause();
        await site.Virtual.AwaitAsync(to);
        await Condition.HoldsAsync(
            async () => await NodesAsync(next) >= connections,
            $"the nodes have {connections} connections to {next.Name}",
            TimeSpan.FromSeconds(60)
        );
        var connected = TimeProvider.System.GetUtcNow();
        var seen = site.Virtual.Moves().Skip(moves).ToArray();
        var there = seen.First(move => move.Host == to && move.IsThere).At;
        var gone = seen.FirstOrDefault(move => move.Host == from && !move.IsThere)?.At;
        output.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{fault}: gone after {(gone - at)?.TotalMilliseconds:0} ms, at the next host after "
                    + $"{(there - at).TotalMilliseconds:0} ms, {connections} connections of nodes there "
                    + $"{(connected - there).TotalMilliseconds:0} ms after that"
            )
        );
    }

    /// <summary>How many connections nodes have to this Redis.</summary>
    public static async Task<int> NodesAsync(SiteMember member)
    {
        var clients = await member.AskRedisAsync("CLIENT", "LIST");
        return clients
            .Split('\n')
            .Count(line => line.Contains($"user={AgentSite.NodeUser} ", StringComparison.Ordinal));
    }
}
