using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Sights;

namespace ClusterSession.Failover.Agents;

/// <summary>
/// The loop: look, decide, do, and look again; without a pause as long as it gets on.
/// </summary>
internal sealed class FailoverAgent
{
    private readonly AgentSettings _settings;
    private readonly FailoverTimings _timings;
    private readonly AgentLinks _links;
    private readonly TimeProvider _time;
    private readonly FailoverDecider _decider;
    private readonly LeaseClock _lease;
    private readonly PromiseKeeper _promises;
    private readonly Lookout _lookout;
    private readonly MergeRun _merge;
    private readonly IAgentWatcher? _watcher;
    private readonly WakeablePause _pause = new();
    private Action? _decided;
    private AgentLook? _look;
    private string? _trouble;
    private bool _isBusy;
    private Releasing? _releasing;

    public FailoverAgent(
        AgentSettings settings,
        FailoverTimings timings,
        AgentLinks links,
        TimeProvider time,
        IAgentWatcher? watcher = null
    )
    {
        timings.Check();
        (_settings, _timings, _links, _time, _watcher) = (settings, timings, links, time, watcher);
        _decider = new FailoverDecider(timings);
        _lease = new LeaseClock(timings, links.Coordinator.Clock);
        _promises = new PromiseKeeper(timings, links.Coordinator.Clock);
        _merge = new MergeRun(timings, links);
        _lookout = new Lookout(settings, timings, links, _lease, _promises, time, () => _merge.Sight);
    }

    /// <summary>What it saw and decided last; null: nothing yet.</summary>
    public AgentLook? Look => Volatile.Read(ref _look);

    /// <summary>What it decided last.</summary>
    public Decision? Last => Look?.Decision;

    /// <summary>
    /// What is wrong with the document; null: nothing. While something is wrong, the agent changes
    /// neither the document nor the lease.
    /// </summary>
    public string? Trouble => Volatile.Read(ref _trouble);

    /// <summary>
    /// Why its own Redis could not be looked at; null: it could, or nothing is known.
    /// </summary>
    public string? RedisTrouble => _links.Redis.Trouble;

    /// <summary>
    /// The lease that it counts, and how long that or the promises for it run at this moment.
    /// </summary>
    public (long Epoch, TimeSpan Left) LeaseNow => _lease.LeaseNow;

    /// <summary>How long it is bound to take no lease.</summary>
    public TimeSpan BoundFor => _promises.Left;

    /// <summary>The merge of its Redis' data into the master; null: there is none.</summary>
    public MergeSight? Merge => _merge.Sight;

    /// <summary>
    /// Another agent asks for a promise; see <see cref="IAgentPeer.PromiseAsync"/>.
    /// </summary>
    public bool TryPromise(long epoch, long adoptions, TimeSpan duration) =>
        _promises.TryPromise(epoch, adoptions, duration);

    /// <summary>Ends the pause between two looks: something has changed. Thread-safe.</summary>
    public void Wake() => _pause.Wake();

    /// <summary>
    /// Says what is called on the loop at each decision, before it is done. It must not throw.
    /// </summary>
    public void OnDecided(Action decided) => Volatile.Write(ref _decided, decided);

    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            while (!cancellation.IsCancellationRequested)
            {
                if (!await StepAsync(cancellation).ConfigureAwait(false))
                {
                    await _pause
                        .WaitAsync(_isBusy ? _timings.BusyInterval : _timings.Interval, _time, cancellation)
                        .ConfigureAwait(false);
                }
            }
        }
        finally
        {
            await _merge.EndAsync().ConfigureAwait(false);
        }
    }

    private async Task<bool> StepAsync(CancellationToken cancellation)
    {
        ClusterView view;
        try
        {
            view = await _lookout.LookAsync(cancellation).ConfigureAwait(false);
            Volatile.Write(ref _trouble, null);
            _isBusy =
                (view.Document is { Switch: not null } or { Change: not null } && view.UnchangedFor < _timings.StepWait)
                || (view.RulerSilentFor > TimeSpan.Zero && view.RulerSilentFor < _timings.Ttl + _timings.GatherWait);
        }
        catch (InvalidDataException e)
        {
            _isBusy = false;
            Volatile.Write(ref _trouble, e.Message);
            _watcher?.Troubled(e.Message);
            return false;
        }

        if (_releasing is { } begun && view.State is { } state)
        {
            if (
                state.IsHeld
                && state.LastHolder == _settings.Self
                && (state.Epoch, state.Version) == (begun.Epoch, begun.Version)
            )
            {
                return await ReleaseAsync(begun, cancellation).ConfigureAwait(false);
            }

            _releasing = null; // It was done, or can not be done any more.
        }

        if (view.State is { Version: 0 }) // There is no document yet: the first agent writes it.
        {
            return await WriteAsync(view.State, view.Document, null, cancellation).ConfigureAwait(false);
        }

        var decision = _decider.Decide(view);
        _merge.CancelIfOutdated(view);
        var look = new AgentLook(view, decision, _links.Coordinator.Clock.GetTimestamp());
        // Before it is done: a client that asks meanwhile is not sent to a Redis that closes.
        Volatile.Write(ref _look, look);
        Volatile.Read(ref _decided)?.Invoke();
        _watcher?.Decided(look);
        if (decision is not Decision.Release and not Decision.Command)
        {
            await ExtendAsync(view, cancellation).ConfigureAwait(false);
        }

        return decision switch
        {
            Decision.Acquire acquire => await AcquireAsync(view, acquire.Document, cancellation).ConfigureAwait(false),
            Decision.Renew => await RenewAsync(view, cancellation).ConfigureAwait(false),
            Decision.AskPromises => await AskAsync(view, cancellation).ConfigureAwait(false),
            Decision.Release release => await ReleaseAsync(
                    new Releasing(OperationId.New(), view.State!.Epoch, view.State.Version, release.Document),
                    cancellation
                )
                .ConfigureAwait(false),
            Decision.Write write => await WriteAsync(view.State!, write.Document, view.State!.Epoch, cancellation)
                .ConfigureAwait(false),
            Decision.Command command => await CommandAsync(command.What, view, cancellation).ConfigureAwait(false),
            _ => false,
        };
    }

    private async Task<bool> AcquireAsync(ClusterView view, ClusterDocument document, CancellationToken cancellation)
    {
        if (!_promises.TryBeginToTakeLease())
        {
            return false;
        }

        var result = await Answers
            .WithinAsync(
                _links.Coordinator.AcquireAsync(
                    OperationId.New(),
                    _settings.Cluster,
                    _settings.Self,
                    _timings.Ttl,
                    view.State!,
                    document.Write(),
                    cancellation
                ),
                new AcquireResult.Unknown(),
                _timings.Deadline,
                _time
            )
            .ConfigureAwait(false);
        if (result is AcquireResult.Granted granted)
        {
            _lease.Granted(granted.Epoch, granted.CountedFrom, _timings.Ttl);
        }

        return result is AcquireResult.Granted;
    }

    private async Task<bool> RenewAsync(ClusterView view, CancellationToken cancellation)
    {
        var epoch = view.State!.Epoch;
        var result = await Answers
            .WithinAsync(
                _links.Coordinator.RenewAsync(_settings.Cluster, _settings.Self, epoch, cancellation),
                new RenewResult.Unknown(),
                _timings.Deadline,
                _time
            )
            .ConfigureAwait(false);
        switch (result)
        {
            case RenewResult.Renewed renewed:
                _lease.Granted(epoch, renewed.CountedFrom, renewed.Ttl);
                break;
            case RenewResult.Lost:
                _lease.Lost();
                return true;
            default:
                break;
        }

        await ExtendAsync(view, cancellation).ConfigureAwait(false);
        return result is RenewResult.Renewed;
    }

    private async Task<bool> AskAsync(ClusterView view, CancellationToken cancellation)
    {
        var askedAt = _links.Coordinator.Clock.GetTimestamp();
        var others = view.Document.Present().Where(member => member.Name != _settings.Self).ToArray();
        var answers = await Task.WhenAll(
                others.Select(member =>
                    _links.Peers.TryGetValue(member.Name, out var peer)
                        ? Answers.WithinAsync(
                            peer.PromiseAsync(view.LeaseEpoch, view.Document.Adoptions, _timings.Ttl, cancellation),
                            false,
                            _timings.Deadline,
                            _time
                        )
                        : Task.FromResult(false)
                )
            )
            .ConfigureAwait(false);
        // Nobody to ask is no promise: a member that was forgotten may be adopted again, and take
        // the lease.
        if (answers.Length > 0 && answers.All(isPromised => isPromised))
        {
            _lease.OthersPromised(askedAt);
        }

        await ExtendAsync(view, cancellation).ConfigureAwait(false);
        return false;
    }

    /// <summary>
    /// Lets the record live on where there is one: never longer than the lease or the promises for
    /// it, and for <see cref="FailoverTimings.RecordLife"/> at most.
    /// </summary>
    private async Task ExtendAsync(ClusterView view, CancellationToken cancellation)
    {
        // Before what is left is counted: a freeze between the two shortens the record's life.
        var now = _time.GetUtcNow();
        if (
            view.Own is { HasOwnRecord: true, Record: { } record }
            && _lease.NextRecordLife() is var left
            && left > TimeSpan.Zero
        )
        {
            await Answers
                .WithinAsync(_links.Redis.ExtendAsync(record, now + left, cancellation), _timings.Deadline, _time)
                .ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Releases the lease, and does nothing else with it until it is known what became of that: a
    /// release that comes late must not fall on a lease that is used again.
    /// </summary>
    private async Task<bool> ReleaseAsync(Releasing release, CancellationToken cancellation)
    {
        _lease.Ended();
        _releasing = release;
        var result = await Answers
            .WithinAsync(
                _links.Coordinator.ReleaseAsync(
                    release.Id,
                    _settings.Cluster,
                    _settings.Self,
                    release.Epoch,
                    release.Document.Write(),
                    release.Version,
                    cancellation
                ),
                new ReleaseResult.Unknown(),
                _timings.Deadline,
                _time
            )
            .ConfigureAwait(false);
        if (result is not ReleaseResult.Unknown)
        {
            _releasing = null;
        }

        return result is ReleaseResult.Released;
    }

    private async Task<bool> WriteAsync(
        CoordinationState state,
        ClusterDocument document,
        long? epoch,
        CancellationToken cancellation
    ) =>
        await Answers
            .WithinAsync(
                _links.Coordinator.WriteAsync(
                    OperationId.New(),
                    _settings.Cluster,
                    state.Version,
                    document.Write(),
                    epoch,
                    cancellation
                ),
                new WriteResult.Unknown(),
                _timings.Deadline,
                _time
            )
            .ConfigureAwait(false) is WriteResult.Written;

    private async Task<bool> CommandAsync(RedisAction command, ClusterView view, CancellationToken cancellation)
    {
        var now = _time.GetUtcNow(); // As in ExtendAsync.
        switch (command)
        {
            case RedisAction.Follow follow:
                return await DoAsync(
                        _links.Redis.FollowAsync(view.Document.Find(follow.Member)!, follow.Tenure, cancellation)
                    )
                    .ConfigureAwait(false);
            case RedisAction.Leave leave:
                return await DoAsync(
                        _links.Redis.FollowAsync(view.Document.Find(leave.Next)!, leave.Tenure, cancellation)
                    )
                    .ConfigureAwait(false);
            case RedisAction.Merge merge:
                _merge.Begin(view, merge);
                return false;
            case RedisAction.Promote promote:
                return await DoAsync(_links.Redis.PromoteAsync(promote.Tenure, cancellation)).ConfigureAwait(false);
            case RedisAction.Open open when _lease.NextRecordLife() is var left && left > TimeSpan.Zero:
                if (await DoAsync(_links.Redis.OpenAsync(open.Tenure, now + left, cancellation)).ConfigureAwait(false))
                {
                    return true;
                }

                _lease.OpenUnanswered();
                return false;
            case RedisAction.Close:
                return await DoAsync(_links.Redis.CloseAsync(cancellation)).ConfigureAwait(false);
            default:
                return false;
        }
    }

    private Task<bool> DoAsync(ValueTask command) => Answers.WithinAsync(command, _timings.Deadline, _time);

    private sealed record Releasing(OperationId Id, long Epoch, long Version, ClusterDocument Document);
}
