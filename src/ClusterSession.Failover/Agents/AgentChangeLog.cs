using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Diagnostics;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Sights;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Failover.Agents;

/// <summary>
/// Logs what has changed from one look of an agent to the next: each thing once, not with every
/// look.
/// </summary>
/// <param name="timings">Durations and limits, alike on all agents of a cluster.</param>
/// <param name="troubles">
/// Why a member's Redis could not be looked at; null: nothing is known.
/// </param>
/// <param name="logger">Gets the lines.</param>
internal sealed class AgentChangeLog(FailoverTimings timings, Func<string, string?> troubles, ILogger logger)
    : IAgentWatcher
{
    private readonly HashSet<string> _unreachable = [];
    private readonly HashSet<string> _barred = [];
    private HashSet<string> _unmerged = [];
    private string? _incomplete;
    private string? _decided;
    private string? _trouble;
    private string? _follows;
    private long _openEpoch;
    private MergeSight? _merge;
    private bool _isForeignLogged;
    private DateTimeOffset? _returned;
    private bool _isStoreUnreachable;
    private bool _isPromisedByOthers;

    /// <inheritdoc/>
    public void Decided(AgentLook look)
    {
        _trouble = null;
        var view = look.View;
        Store(view);
        Members(view);
        Own(view);
        Document(view);
        Promises(look);
        Merge(view);

        // Renewals and promises alternate with "all is well", whose sentence is the one to keep.
        if (
            look.Decision is not Decision.Renew and not Decision.AskPromises
            && DecisionSentences.Of(look.Decision, view) is var sentence
            && sentence != _decided
        )
        {
            _decided = sentence;
            logger.DecisionChanged(sentence);
        }
    }

    /// <inheritdoc/>
    public void Troubled(string reason)
    {
        if (_trouble != reason)
        {
            _trouble = reason;
            logger.DocumentUnusable(reason);
        }
    }

    private void Store(ClusterView view)
    {
        var isUnreachable = view is { State: null, IsFollower: false }; // A follower has none; its decision says so.
        if (isUnreachable && !_isStoreUnreachable)
        {
            logger.StoreUnreachable();
        }
        else if (!isUnreachable && _isStoreUnreachable)
        {
            logger.StoreReachable();
        }

        _isStoreUnreachable = isUnreachable;
    }

    private void Members(ClusterView view)
    {
        foreach (var name in view.Document.Present().Select(member => member.Name))
        {
            if (view.Of(name).Redis.IsReachable)
            {
                if (_unreachable.Remove(name))
                {
                    logger.RedisReachable(name);
                }
            }
            else if (_unreachable.Add(name))
            {
                logger.RedisUnreachable(name, troubles(name) ?? "It did not respond in time.");
            }
        }
    }

    private void Own(ClusterView view)
    {
        if (view.Own is not { IsReachable: true } own)
        {
            return; // What it is now is unknown; its record, if it has one, runs out.
        }

        var epoch = own.IsOpen ? own.Record!.Value.Epoch : 0;
        if (own.IsOpen && epoch != _openEpoch)
        {
            logger.Opened(view.Self, epoch);
        }
        else if (!own.IsOpen && _openEpoch > 0)
        {
            logger.Closed(view.Self);
        }

        var follows = own is { IsMaster: false, IsLinkUp: true, Follows: { } process } ? process.RunId : null;
        if (follows is not null && follows != _follows)
        {
            logger.Follows(
                view.Self,
                view.NameOf(follows) ?? "a master that is not in sight",
                own.Follows!.Value.Epoch
            );
        }

        (_openEpoch, _follows) = (epoch, follows);
    }

    private void Document(ClusterView view)
    {
        var lines = view.Document.Ledger;
        foreach (var line in lines.Where(line => !_unmerged.Contains(line.Member)))
        {
            logger.DataUnmerged(line.Member, line.Epoch);
        }

        foreach (var member in _unmerged.Where(member => lines.All(line => line.Member != member)))
        {
            logger.DataSettled(member);
        }

        _unmerged = [.. lines.Select(line => line.Member)];
        if (view.Document.Change is { LacksNewerData: true } change && change.Id != _incomplete)
        {
            _incomplete = change.Id;
            logger.FailoverIncomplete(change.Target.Member, change.Epoch);
        }

        foreach (var member in view.Document.Members.Select(member => member.Name))
        {
            var count = timings.PromotionsOf(view.Document, member, view.Now);
            if (count < timings.MaxPromotions)
            {
                _barred.Remove(member);
            }
            else if (_barred.Add(member))
            {
                logger.Flaps(member, count, timings.FlappingWindow);
            }
        }
    }

    /// <summary>
    /// Logs the way back and the merge of this agent's own member. The agents of the other members
    /// log theirs.
    /// </summary>
    private void Merge(ClusterView view)
    {
        if (
            view.Document.Switch is { IsReturn: true, From.Member: var from, To: { } to, At: var at }
            && from == view.Self
            && at != _returned
        )
        {
            _returned = at;
            logger.ReturnBegan(from, to);
        }

        if (view.Of(view.Self).Merge is not { } merge)
        {
            return;
        }

        var isNew =
            merge.What != _merge?.What || (merge.State == MergeState.Running && _merge.State != MergeState.Running);
        if (isNew)
        {
            _isForeignLogged &= merge.What.Source == _merge?.What.Source;
            logger.MergeBegan(view.Self, merge.Master, merge.What.Epoch);
        }

        if (merge.Counts.Foreign > 0 && !_isForeignLogged)
        {
            _isForeignLogged = true;
            logger.MergeForeignKeys(view.Self, merge.Counts.Foreign);
        }

        if (isNew || merge.State != _merge?.State)
        {
            Ended(view.Self, merge);
        }

        _merge = merge;
    }

    private void Ended(string member, MergeSight merge)
    {
        if (merge is { NotSetAside: { } why, State: not MergeState.Running })
        {
            logger.NotSetAside(member, why);
        }

        if (merge.State == MergeState.Merged)
        {
            logger.MergeEnded(member, merge.Master, merge.Counts.Scanned, merge.Counts.Written, merge.Counts.Bytes);
            if (merge.Counts.LeftOut > 0)
            {
                logger.MergeLeftOut(member, merge.Counts.LeftOut);
            }
        }
        else if (merge.State == MergeState.Failed)
        {
            logger.MergeFailed(member, merge.Master, merge.Why ?? "No reason is known.");
        }
    }

    private void Promises(AgentLook look)
    {
        if (look.Decision is Decision.AskPromises)
        {
            if (!_isPromisedByOthers)
            {
                logger.PromisesAsked(look.View.Self);
            }

            _isPromisedByOthers = true;
        }
        else if (look.View.State is not null)
        {
            _isPromisedByOthers = false;
        }
    }
}
