using ClusterSession.Failover.Sights;
using ClusterSession.Redis.Connection.Fencing;

namespace ClusterSession.Failover.Tests.Simulation;

/// <summary>
/// A Redis: roles, replication ids and offsets, partial and full synchronisation, a record that
/// expires by its host's wall clock, users; and the fence of the scripts.
/// </summary>
internal sealed class SimRedis(SimCluster cluster, SimHost host)
{
    private static readonly TimeSpan Ever = TimeSpan.MaxValue;
    private readonly List<SimWrite> _backlog = [];
    private readonly HashSet<Tenure> _admitted = [];
    private long _backlogFrom;
    private int _linkGeneration;
    private SimRedis? _master;
    private (string RunId, int Generation)? _link;

    public SimHost Host => host;

    public SimProcess Process { get; private set; } = new();

    public SimData Data { get; private set; } = new();

    public string RunId { get; private set; } = "";

    public bool IsMaster { get; private set; }

    public bool AdmitsClients { get; private set; }

    public Tenure? Follows { get; private set; }

    public int FullSynchronizations { get; private set; }

    public bool IsLinkUp => _link is not null;

    private string HistoryId { get; set; } = "";

    private string FormerId { get; set; } = "";

    private long FormerOffset { get; set; } = -1;

    private long Offset => _backlogFrom + _backlog.Count;

    private bool HasRecord => Data.Record is { } record && record.Tenure.RunId == RunId && host.Wall < record.Until;

    /// <summary>Whether a commit of ours would be accepted now.</summary>
    public bool Accepts => Process.IsRunning && IsMaster && (HasRecord || !cluster.HasFence);

    /// <summary>The epoch under which it is open; 0: without a record.</summary>
    public long OpenEpoch => Data.Record?.Tenure.Epoch ?? 0;

    /// <summary>
    /// Whether that is only since somebody set the clock back: a limit that the pages name.
    /// </summary>
    public bool IsBeyondLimit =>
        Data.Record is { } record
        && cluster.World.Now > record.Deadline
        && cluster is { HasFence: true, HasDurations: false };

    public void Start(bool keepsData, TimeSpan lost, bool asMaster)
    {
        Process = new SimProcess();
        Data = keepsData ? Data.Copy(cluster.World.Now - lost) : new SimData();
        RunId = cluster.NewId("run");
        (HistoryId, FormerId, FormerOffset) = (cluster.NewId("history"), "", -1);
        (IsMaster, AdmitsClients, Follows, _master, _link) = (asMaster, false, null, null, null);
        _backlog.Clear();
        _backlogFrom = 0;
        _admitted.Clear();
    }

    public RedisSight Look() =>
        new()
        {
            RunId = RunId,
            IsMaster = IsMaster,
            Follows = IsMaster ? null : Follows,
            IsLinkUp = IsLinkUp,
            HistoryId = HistoryId,
            Offset = Offset,
            FormerHistoryId = FormerId,
            FormerOffset = FormerOffset,
            DataEpoch = Data.Epoch,
            IsEmpty = Data.IsEmpty,
            AdmitsClients = AdmitsClients,
            Admits = [.. _admitted],
            Record = Data.Record is { } record && host.Wall < record.Until ? record.Tenure : null,
        };

    /// <summary>A client's commit: its epoch, or null where it is refused.</summary>
    public long? Commit(int commit)
    {
        if (!Accepts)
        {
            return null;
        }

        Write(new SimWrite(Commit: commit));
        return OpenEpoch;
    }

    /// <summary>
    /// Commits that another Redis has: how many were missing here; null: it is not this process
    /// under this lease.
    /// </summary>
    public int? Merge(IReadOnlyCollection<int> commits, Tenure tenure)
    {
        if (!Accepts || Data.Record?.Tenure != tenure)
        {
            return null;
        }

        var missing = commits.Where(commit => !Data.Commits.Contains(commit)).ToArray();
        foreach (var commit in missing)
        {
            Write(new SimWrite(Commit: commit));
        }

        return missing.Length;
    }

    /// <summary>The data that was copied aside last; null: none.</summary>
    public SimData? Aside { get; private set; }

    public bool SetAside()
    {
        Aside = Data.Copy(Ever);
        return true;
    }

    public void Follow(SimRedis master, Tenure tenure)
    {
        _admitted.Clear();
        _linkGeneration++;
        (IsMaster, Follows, _master, _link) = (false, tenure, master, null);
    }

    public void Promote(Tenure? admitted)
    {
        if (!IsMaster)
        {
            (FormerId, FormerOffset, HistoryId) = (HistoryId, Offset, cluster.NewId("history"));
            (IsMaster, Follows, _master, _link) = (true, null, null, null);
        }

        if (admitted is { } tenure)
        {
            _admitted.Add(tenure);
        }
    }

    public void Close()
    {
        AdmitsClients = false;
        if (IsMaster && Data.Record is not null)
        {
            Write(new SimWrite(IsDelete: true));
        }
    }

    public void Open(SimRecord record)
    {
        AdmitsClients = true;
        _admitted.Add(record.Tenure);
        if (IsMaster && RunId == record.Tenure.RunId && Data.Epoch <= record.Tenure.Epoch && host.Wall < record.Until)
        {
            if (Data.Epoch < record.Tenure.Epoch)
            {
                cluster.Checker.Opens(record.Tenure.Epoch);
            }

            Write(new SimWrite(Epoch: record.Tenure.Epoch));
            Write(new SimWrite(Record: record));
        }
    }

    public void Extend(SimRecord record)
    {
        if (IsMaster && Data.Record is { } current && host.Wall < current.Until && current.Tenure == record.Tenure)
        {
            Write(new SimWrite(Record: record));
        }
    }

    /// <summary>A ping, as masters write it into their histories.</summary>
    public void Ping()
    {
        if (Process.IsRunning && IsMaster)
        {
            Write(new SimWrite());
        }
    }

    /// <summary>Gets what its master has sent, if they are linked or can be.</summary>
    public void Replicate()
    {
        if (!Process.IsRunning || _master is not { } master || (master.Process.IsPaused && !master.Process.IsDead))
        {
            return;
        }

        var isLinked = _link == (master.RunId, master._linkGeneration);
        if (
            master.Process.IsDead
            || cluster.IsCut(host, master.Host)
            || (
                !isLinked
                && !(
                    Follows is { } name
                    && master._admitted.Contains(name)
                    && master.RunId == name.RunId
                    && (master.IsMaster || master.IsLinkUp)
                )
            )
        )
        {
            _link = null;
            return;
        }

        if (!isLinked || HistoryId != master.HistoryId)
        {
            Synchronize(master);
            _link = (master.RunId, master._linkGeneration);
        }

        for (var next = Offset; next < master.Offset; next++)
        {
            Append(master._backlog[(int)(next - master._backlogFrom)]);
        }
    }

    private void Synchronize(SimRedis master)
    {
        var isPoint = HistoryId == master.HistoryId && Offset <= master.Offset;
        var isFormer = HistoryId == master.FormerId && Offset <= master.FormerOffset;
        if ((isPoint || isFormer) && Offset >= master._backlogFrom)
        {
            (HistoryId, FormerId, FormerOffset) = (master.HistoryId, master.FormerId, master.FormerOffset);
            return;
        }

        FullSynchronizations++;
        cluster.Checker.Wiping(this, master);
        Data = master.Data.Copy(Ever);
        (HistoryId, FormerId, FormerOffset) = (master.HistoryId, "", -1);
        _backlog.Clear();
        _backlogFrom = master.Offset;
    }

    private void Write(SimWrite write) => Append(write);

    private void Append(SimWrite write)
    {
        _backlog.Add(write);
        Data.Apply(write, cluster.World.Now);
    }
}
