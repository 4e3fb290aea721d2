using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Sights;

namespace ClusterSession.Failover.Agents;

/// <summary>Makes the view: first the coordination store, then all members at once.</summary>
internal sealed class Lookout(
    AgentSettings settings,
    FailoverTimings timings,
    AgentLinks links,
    LeaseClock lease,
    PromiseKeeper promises,
    TimeProvider time,
    Func<MergeSight?> merge
)
{
    private readonly long _startedAt = links.Coordinator.Clock.GetTimestamp();
    private readonly Dictionary<string, (Poll<RedisSight> Redis, Poll<AgentSight> Agent)> _polls = [];
    private readonly InStepTimes _steps = new(timings, links.Coordinator.Clock);
    private readonly LastPositions _positions = new(time);
    private ClusterDocument _document = new() { Members = settings.Members };
    private long _documentSince = links.Coordinator.Clock.GetTimestamp();
    private long _version;
    private long? _freeSince;
    private long _freeEpoch;
    private long _switchSince;
    private long _rulerSince;
    private long? _silentSince;
    private long? _rulerSilentSince;
    private long? _memberSince;
    private bool _isMember = true;

    private TimeProvider Clock => links.Coordinator.Clock;

    /// <summary>Looks at everything.</summary>
    /// <exception cref="InvalidDataException">The document is of another release, or
    /// damaged.</exception>
    public async Task<ClusterView> LookAsync(CancellationToken cancellation)
    {
        var state = await ReadAsync(cancellation).ConfigureAwait(false);
        var others = _document.Present().Where(member => member.Name != settings.Self).ToArray();
        var own = AskAsync(settings.Self, links.Redis, null, cancellation);
        var sights = await Task.WhenAll(
                others
                    .Select(member =>
                        AskAsync(
                            member.Name,
                            links.Probes.GetValueOrDefault(member.Name),
                            links.Peers.GetValueOrDefault(member.Name),
                            cancellation
                        )
                    )
                    .Prepend(own)
            )
            .ConfigureAwait(false);
        var members = _steps.Counted(
            _document.Ruler,
            sights.ToDictionary(sight => sight.Name, sight => _positions.Remembered(sight.Name, sight.Sight))
        );
        _silentSince = sights[0].Sight.Redis.IsReachable ? null : _silentSince ?? Clock.GetTimestamp();
        var ruler = _document.Ruler?.Member;
        _rulerSilentSince =
            ruler is null || sights.Any(sight => sight.Name == ruler && sight.Sight.Redis.IsReachable)
                ? null
                : _rulerSilentSince ?? Clock.GetTimestamp();
        return new ClusterView
        {
            Self = settings.Self,
            IsFollower = settings.IsFollower,
            State = state,
            Document = _document,
            Members = members,
            Now = time.GetUtcNow(),
            LeaseEpoch = lease.Epoch,
            LeaseLeft = lease.LeaseLeft,
            OthersBoundFor = lease.OthersBoundFor,
            BoundFor = promises.Left,
            RecordLeft = lease.RecordLeft,
            SinceStart = Clock.GetElapsedTime(_startedAt),
            MemberFor = _memberSince is null ? null : Since(_memberSince),
            FreeFor = Since(_freeSince),
            UnchangedFor = Since(_documentSince),
            SwitchFor = _document.Switch is null ? TimeSpan.Zero : Since(_switchSince),
            OpenLeft = lease.OpenLeft,
            RulerFor = _document.Ruler is null ? TimeSpan.Zero : Since(_rulerSince),
            SilentFor = Since(_silentSince),
            RulerSilentFor = Since(_rulerSilentSince),
        };
    }

    private TimeSpan Since(long? timestamp) => timestamp is { } from ? Clock.GetElapsedTime(from) : TimeSpan.Zero;

    private async Task<CoordinationState?> ReadAsync(CancellationToken cancellation)
    {
        var read = await Answers
            .WithinAsync(
                links.Coordinator.ReadAsync(settings.Cluster, cancellation),
                new ReadResult.Unreachable(),
                timings.Deadline,
                time
            )
            .ConfigureAwait(false);
        if (read is not ReadResult.Read { State: var state })
        {
            return null;
        }

        if (state.Version > 0 && state.Version != _version)
        {
            var (former, ruler) = (_document.Switch, _document.Ruler);
            (_document, _version) = (ClusterDocument.Read(state.Document.Span), state.Version);
            _documentSince = Clock.GetTimestamp();
            _rulerSince =
                (_document.Ruler?.RunId, _document.Ruler?.Epoch) == (ruler?.RunId, ruler?.Epoch)
                    ? _rulerSince
                    : _documentSince;
            var isMember = _document.Find(settings.Self) is not null;
            _memberSince = isMember && !_isMember ? _documentSince : _memberSince;
            _isMember = isMember;
            if (_document.Switch is { } request && (request.At, request.To) != (former?.At, former?.To))
            {
                _switchSince = _documentSince;
            }
        }

        // A lease that was held unseen in the meantime has another number.
        _freeSince =
            state.IsHeld ? null
            : _freeSince is { } since && _freeEpoch == state.Epoch ? since
            : Clock.GetTimestamp();
        _freeEpoch = state.Epoch;
        var isHolder = state.IsHeld && state.LastHolder == settings.Self;
        promises.Saw(state.Epoch, _document.Adoptions, isHolder, state is { IsHeld: false, LastHolder: null });
        if (!isHolder && (state.IsHeld || state.Epoch != lease.Epoch))
        {
            lease.Ended();
        }

        return state;
    }

    private async Task<(string Name, MemberSight Sight)> AskAsync(
        string name,
        IRedisProbe? probe,
        IAgentPeer? peer,
        CancellationToken cancellation
    )
    {
        if (!_polls.TryGetValue(name, out var poll))
        {
            poll = (
                new(RedisSight.Unreachable, sight => sight.Reach != RedisReach.Unreachable, timings.Deadline, time),
                new(AgentSight.None, agent => agent.IsAlive, timings.Deadline, time)
            );
            _polls.Add(name, poll);
        }

        var agent = peer is null
            ? Task.FromResult(new AgentSight(name == settings.Self, name == settings.Self ? merge() : null))
            : poll.Agent.AskAsync(() => peer.HearAsync(cancellation));
        var redis = probe is null
            ? RedisSight.Unreachable
            : await poll.Redis.AskAsync(() => probe.LookAsync(cancellation)).ConfigureAwait(false);
        var heard = await agent.ConfigureAwait(false);
        return (name, new MemberSight(redis, heard.IsAlive) { Merge = heard.Merge });
    }
}
