using System.Globalization;

namespace ClusterSession.TestKit.Servers;

/// <summary>
/// Holds replicas back, so that the master acknowledges writes that no replica has, and a failover
/// really loses them.
/// </summary>
/// <remarks>
/// SIGSTOP alone does not do it on one machine: what the master had sent waits in the replica's
/// socket and is read when it is continued, also after the master was killed. A proxy in the
/// replication link does not do it under Sentinel, which sees that the replica has a wrong master
/// and corrects it. So the link is cut from within: the replica is given a password that its master
/// refuses, and the master drops its replication connections. Everything keeps its address, the
/// replica stays alive and fit for promotion (Sentinel's limit is a link down for ten times
/// down-after). A master under min-replicas-to-write refuses writes then, as it should.
/// </remarks>
public sealed class ReplicaPauser
{
    private const string RefusedPassword = "held-back-by-test";

    private readonly RedisServer _master;
    private readonly IReadOnlyList<RedisServer> _replicas;
    private readonly List<string> _passwords = [];

    private ReplicaPauser(RedisServer master, IReadOnlyList<RedisServer> replicas) =>
        (_master, _replicas) = (master, replicas);

    /// <summary>
    /// Cuts the replicas off and waits until the master knows of none. From then on nothing that it
    /// acknowledges reaches them.
    /// </summary>
    public static async Task<ReplicaPauser> HoldBackAsync(RedisServer master, IReadOnlyList<RedisServer> replicas)
    {
        var pauser = new ReplicaPauser(master, replicas);
        foreach (var replica in replicas)
        {
            pauser._passwords.Add(
                (await replica.CommandAsync("CONFIG", "GET", "masterauth")).Split('\n').ElementAtOrDefault(1) ?? ""
            );
            await replica.CommandAsync("CONFIG", "SET", "masterauth", RefusedPassword);
        }

        await master.CommandAsync("CLIENT", "KILL", "TYPE", "replica");
        await Condition.HoldsAsync(
            async () => await master.InfoAsync("replication", "connected_slaves") == "0",
            "the master has lost its replicas"
        );
        return pauser;
    }

    /// <summary>
    /// How many bytes of the replication stream the master (alive) is ahead of the replica that has
    /// most; none or less once one of them was promoted and has gone on.
    /// </summary>
    public async Task<long> LagBytesAsync()
    {
        var ahead = await OffsetAsync(_master);
        var best = 0L;
        foreach (var replica in _replicas)
        {
            best = Math.Max(best, await OffsetAsync(replica));
        }

        return ahead - best;
    }

    /// <summary>Lets the replicas connect to whatever master they have now.</summary>
    public async Task ReleaseAsync()
    {
        for (var i = 0; i < _replicas.Count; i++)
        {
            if (!_replicas[i].Process.HasExited)
            {
                await _replicas[i].CommandAsync("CONFIG", "SET", "masterauth", _passwords[i]);
            }
        }
    }

    // Of a replica too, and unlike slave_repl_offset still there when Sentinel has promoted it
    // meanwhile.
    private static async Task<long> OffsetAsync(RedisServer server) =>
        long.Parse(await server.InfoAsync("replication", "master_repl_offset"), CultureInfo.InvariantCulture);
}
