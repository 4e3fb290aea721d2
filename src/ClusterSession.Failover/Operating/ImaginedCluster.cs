using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Sights;

namespace ClusterSession.Failover.Operating;

/// <summary>
/// The cluster as it was seen, going on from there without faults: what a decision changes in
/// lease, document and members.
/// </summary>
internal sealed class ImaginedCluster(
    FailoverTimings timings,
    ClusterDocument document,
    CoordinationState state,
    IReadOnlyDictionary<string, MemberSight> sights,
    DateTimeOffset now
)
{
    private readonly Dictionary<string, MemberSight> _members = new(sights);
    private readonly string? _firstHolder = state.LastHolder;
    private string? _holder = state.IsHeld ? state.LastHolder : null;
    private long _epoch = state.Epoch;
    private int _ids;
    private TimeSpan _time;
    private TimeSpan _documentAt;
    private TimeSpan _freeAt;

    public ClusterDocument Document { get; private set; } = document;

    public TimeSpan Time => _time;

    /// <summary>
    /// Whether the holder of the lease is an open master, and nothing is under way.
    /// </summary>
    public bool IsRuled =>
        Document is { Switch: null, Change: null, Ruler: { } ruler }
        && _holder == ruler.Member
        && _members.GetValueOrDefault(_holder, MemberSight.None) is { IsUsable: true, Redis: { IsMaster: true } redis }
        && redis.HasOwnRecord;

    /// <summary>What the agent of a member would know.</summary>
    public ClusterView ViewOf(string member) =>
        new()
        {
            Self = member,
            State = new CoordinationState(_holder ?? _firstHolder, _epoch, _holder is not null, 1, default),
            Document = Document,
            Members = new Dictionary<string, MemberSight>(_members),
            Now = now + _time,
            LeaseEpoch = _holder == member ? _epoch : 0,
            LeaseLeft = _holder == member ? timings.Ttl : TimeSpan.Zero,
            SinceStart = timings.Ttl,
            FreeFor = _holder is null ? _time - _freeAt : TimeSpan.Zero,
            UnchangedFor = _time - _documentAt,
            SwitchFor = Document.Switch is null ? TimeSpan.Zero : _time,
            SilentFor = _members.GetValueOrDefault(member, MemberSight.None).Redis.IsReachable ? TimeSpan.Zero : _time,
        };

    /// <summary>Time goes on: replicas receive, and the lease of a silent holder expires.</summary>
    public void Pass(TimeSpan duration)
    {
        _time += duration;
        foreach (var (name, member) in _members.ToArray())
        {
            var master = _members.Values.FirstOrDefault(other =>
                other.Redis.IsReachable && other.Redis.RunId == member.Redis.Follows?.RunId
            );
            if (member.Redis is { IsReachable: true, IsMaster: false, IsLinkUp: true } && master is not null)
            {
                Change(name, redis => Filled(redis, master.Redis));
            }
        }

        if (
            _holder is not null
            && !_members.GetValueOrDefault(_holder, MemberSight.None).IsAgentAlive
            && _time >= timings.Ttl
        )
        {
            Free(Document);
        }
    }

    /// <summary>Does it; false: it changes nothing.</summary>
    public bool Do(string member, Decision decision)
    {
        switch (decision)
        {
            case Decision.Acquire acquire:
                (_holder, _epoch) = (member, _epoch + 1);
                Write(acquire.Document);
                return true;
            case Decision.Release release:
                Free(release.Document);
                return true;
            case Decision.Write write:
                Write(write.Document);
                return true;
            case Decision.Command { What: RedisAction.Merge merge }:
                return Merge(member, merge);
            case Decision.Command command:
                Change(member, redis => Commanded(redis, command.What));
                return true;
            default:
                return false;
        }
    }

    /// <summary>All goes well: the master has everything, and the member's agent says so.</summary>
    private bool Merge(string member, RedisAction.Merge merge)
    {
        var what = new MergedData(merge.Tenure.RunId, merge.Tenure.Epoch, _members[member].Redis.RunId);
        var isNew = _members[member].Merge is not { State: MergeState.Merged } merged || merged.What != what;
        _members[member] = _members[member] with { Merge = new MergeSight(merge.Master, what, MergeState.Merged) };
        return isNew;
    }

    private void Free(ClusterDocument written)
    {
        (_holder, _freeAt) = (null, _time);
        Write(written);
    }

    private void Write(ClusterDocument written) => (Document, _documentAt) = (written, _time);

    private void Change(string member, Func<RedisSight, RedisSight> change) =>
        _members[member] = _members[member] with { Redis = change(_members[member].Redis) };

    private RedisSight Commanded(RedisSight redis, RedisAction command) =>
        command switch
        {
            RedisAction.Close => redis with { Record = null, AdmitsClients = false },
            RedisAction.Open open => redis with
            {
                Record = open.Tenure,
                AdmitsClients = true,
                DataEpoch = open.Tenure.Epoch,
                IsEmpty = false,
                Admits = [.. redis.Admits, open.Tenure],
            },
            RedisAction.Promote promote => Promoted(redis) with { Admits = [.. redis.Admits, promote.Tenure] },
            RedisAction.Follow follow => Following(redis, follow),
            RedisAction.Leave leave => redis with { Follows = leave.Tenure, IsLinkUp = false, Admits = [] },
            _ => throw new ArgumentOutOfRangeException(nameof(command)),
        };

    private RedisSight Promoted(RedisSight redis) =>
        redis.IsMaster
            ? redis
            : redis with
            {
                IsMaster = true,
                Follows = null,
                IsLinkUp = false,
                HistoryId = $"imagined-{++_ids}",
                FormerHistoryId = redis.HistoryId,
                FormerOffset = redis.Offset,
            };

    private RedisSight Following(RedisSight redis, RedisAction.Follow follow)
    {
        var master = _members[follow.Member].Redis;
        var isLinked = master.IsReachable && master.Admits.Contains(follow.Tenure);
        var following = redis with { IsMaster = false, Follows = follow.Tenure, IsLinkUp = isLinked, Admits = [] };
        return isLinked ? Filled(following, master) : following;
    }

    private static RedisSight Filled(RedisSight redis, RedisSight master) =>
        redis with
        {
            HistoryId = master.HistoryId,
            Offset = master.Offset,
            FormerHistoryId = master.FormerHistoryId,
            FormerOffset = master.FormerOffset,
            DataEpoch = master.DataEpoch,
            IsEmpty = master.IsEmpty,
            Record = master.Record,
        };
}
