namespace ClusterSession.Redis.Connection.Fencing;

/// <summary>
/// Remembers the newest replication history seen, and tells a new master from one that was deposed:
/// the check of histories. No fence, since the server itself refuses nothing. Used by one link's
/// loop only.
/// </summary>
/// <remarks>
/// <code><![CDATA[
/// a server that says it is master, with history X, which continues X2; current is R, generation
/// seen G, its generation g, and F the generation of the last takeover that was seen
///   nothing known yet, or X not told      First            accept
///   X = R                                 Same             accept
///   X2 = R, X was never deposed           Promoted         accept, R is deposed, F rises
///   g > G, and G > 0                      Newer            accept, R is deposed
///   X or X2 was deposed                   Deposed, Fork    refuse
///   g < F                                 OlderGeneration  refuse
///   else                                  Unknown          accept, R is deposed
/// ]]></code>
/// A promotion gives a master a new history id and keeps the old one as second id. So the ids alone
/// show a new master. They do not show an old master that was restarted, since it has a new id and
/// has forgotten the old one. The data of such a server shows it, by the generation that nodes
/// write after each change of history (<see cref="GenerationKey"/>). An old master that comes back
/// without data cannot be recognised: it counts as a reset. A server that was restarted from its
/// own snapshot has a new id too. Its generation may be lower than the last one seen, but not lower
/// than that of the last takeover, since a restart is no takeover. A takeover looks like a restart
/// if the new master was restarted before any node saw it. The master that it deposed is then let
/// in, if that was restarted too. Where Sentinel or a cluster numbers the configurations, those
/// numbers decide and this class is not asked. The way out: after
/// <see cref="RedisOptions.FenceTimeout"/> of nothing but refusals the server is accepted all the
/// same, for instance after an operator took a failover back. What it lacks is replayed. Behind one
/// address, who is master is decided by those who run the address. The address may lead to one
/// deposed server that has run all the time, and to nobody else, for <see
/// cref="OneAddressPatience"/>. Then the nodes that never saw the other master are using that
/// server, and it is accepted here too: to keep away from it would part this node from them, and
/// hold up what it has to replay.
/// </remarks>
internal sealed class HistoryCheck(TimeSpan timeout, TimeProvider time, bool isOneAddress = false)
{
    private const int DeposedKept = 64;

    private readonly List<string> _deposed = [];
    private long? _refusedSince;
    private string? _refusedRun;
    private long _refusedRunSince;

    /// <summary>
    /// How long one deposed server, and no other, must be found behind the one address.
    /// </summary>
    public static TimeSpan OneAddressPatience { get; } = TimeSpan.FromSeconds(2);

    /// <summary>The current history; null before the first.</summary>
    public string? Current { get; private set; }

    /// <summary>The newest generation seen; 0 if none was.</summary>
    public long Generation { get; private set; }

    /// <summary>The generation of the last takeover that is known of.</summary>
    public long Floor { get; private set; }

    /// <summary>Compares a server with what was seen before; changes nothing.</summary>
    /// <param name="server">Who it is.</param>
    /// <param name="generation">The generation that its data tells; null if it has none.</param>
    public HistoryCheckResult Judge(RedisServerIdentity server, long? generation)
    {
        if (Current is null || server.ReplicationId.Length == 0)
        {
            return HistoryCheckResult.First;
        }

        if (server.ReplicationId == Current)
        {
            return HistoryCheckResult.Same;
        }

        var isDeposed = _deposed.Contains(server.ReplicationId);
        if (server.FormerHistory == Current && !isDeposed)
        {
            return HistoryCheckResult.Promoted;
        }

        if (generation > Generation && Generation > 0)
        {
            return HistoryCheckResult.Newer;
        }

        if (isDeposed)
        {
            return HistoryCheckResult.Deposed;
        }

        if (server.FormerHistory is { } former && _deposed.Contains(former))
        {
            return HistoryCheckResult.ForkOfDeposed;
        }

        return generation < Floor ? HistoryCheckResult.OlderGeneration : HistoryCheckResult.Unknown;
    }

    /// <summary>
    /// Whether a refusal has stood for so long that the server is to be accepted all the same.
    /// Counts from the first refusal.
    /// </summary>
    public bool HasRefusedForTooLong(HistoryCheckResult verdict, RedisServerIdentity server)
    {
        var now = time.GetTimestamp();
        _refusedSince ??= now;
        if (_refusedRun != server.RunId)
        {
            (_refusedRun, _refusedRunSince) = (server.RunId, now);
        }

        return time.GetElapsedTime(_refusedSince.Value, now) >= timeout
            || (
                isOneAddress
                && verdict == HistoryCheckResult.Deposed
                && server.RunId.Length > 0
                && time.GetElapsedTime(_refusedRunSince, now) >= OneAddressPatience
            );
    }

    /// <summary>The server is the master now; the former one is demoted.</summary>
    public void Accept(RedisServerIdentity server, StoredGeneration generation)
    {
        (_refusedSince, _refusedRun) = (null, null);
        // Lower than before only if a refusal was given up, the server was restored, or the store
        // was reset.
        Floor = FloorWith(server, generation, out _);
        Generation = generation.Number ?? 0;
        if (server.ReplicationId.Length == 0 || server.ReplicationId == Current)
        {
            return;
        }

        if (Current is { } deposed && !_deposed.Contains(deposed))
        {
            _deposed.Add(deposed);
        }

        _deposed.Remove(server.ReplicationId);
        if (_deposed.Count > DeposedKept)
        {
            _deposed.RemoveAt(0);
        }

        Current = server.ReplicationId;
    }

    /// <summary>
    /// The floor that goes with a generation that is raised because of this server, which is not
    /// accepted yet.
    /// </summary>
    public long FloorOf(RedisServerIdentity server, StoredGeneration generation, long raised)
    {
        var floor = FloorWith(server, generation, out var isTakeover);
        return isTakeover || floor == 0 ? raised : floor;
    }

    /// <summary>
    /// Our own raising of the generation reached the master, or another node was quicker.
    /// </summary>
    public void Raise(StoredGeneration generation)
    {
        Generation = Math.Max(Generation, generation.Number ?? 0);
        Floor = Math.Max(Floor, generation.Floor ?? 0);
    }

    private long FloorWith(RedisServerIdentity server, StoredGeneration generation, out bool isTakeover)
    {
        isTakeover = Judge(server, generation.Number) is HistoryCheckResult.Promoted or >= HistoryCheckResult.Deposed;
        return isTakeover
            ? generation.Number ?? 0
            : Math.Min(Math.Max(Floor, generation.Floor ?? 0), generation.Number ?? Floor);
    }
}
