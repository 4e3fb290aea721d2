using ClusterSession.Failover.Agents;
using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Sights;
using ClusterSession.Redis.Connection.Fencing;

namespace ClusterSession.Failover.Notifying;

/// <summary>
/// Brings the Redis of a host to what keepalived has said, step by step, and keeps it there.
/// </summary>
/// <remarks>
/// Where keepalived alone decides, nobody asks a majority, so two may rule at once. What is never
/// done is to throw away what one of them has taken:
/// <code>
/// master   promote, open under the next epoch; renew the record; when a former ruler with a later
///          epoch shows up closed, open under an epoch above its
/// backup   close; wait for the open master; merge into it what only this Redis has; copy the file
///          aside; follow. Never demote first: a Redis that follows has thrown away what it had
/// fault    close
/// stop     close
/// </code>
/// What the two Redis show at this moment decides each step; only the time of the last contact is
/// kept (<see cref="NoticeDirectory"/>). Cut off anywhere and begun again, it does what is left.
/// Each step is one that agents use too (<see cref="IRedisControl"/>): commands name a process, a
/// merge is fenced by the master's record, and a replica follows one process under one lease. A
/// Redis that was started again is closed, admits no replica and so wipes none.
/// <para>The record expires by itself: after that a Redis that was frozen, or whose host was, takes
/// no writes. An epoch that both Redis have chosen apart from each other does no harm, since the
/// run id tells them apart; nodes accept the same epoch or a higher one.</para>
/// </remarks>
/// <param name="own">The Redis of this host.</param>
/// <param name="other">The Redis of the other host.</param>
/// <param name="member">Where that one is.</param>
/// <param name="settings">How long what lasts.</param>
/// <param name="notices">Knows when the data here was last that of the cluster.</param>
/// <param name="time">The clock.</param>
/// <param name="tell">Hears of each step before it is done, and of what is waited for.</param>
internal sealed class NotifiedRedis(
    IRedisControl own,
    IRedisProbe other,
    ClusterMember member,
    NotifySettings settings,
    NoticeDirectory notices,
    TimeProvider time,
    Action<string> tell
)
{
    private string _told = "";

    /// <summary>
    /// For fault and stop it ends once the Redis is closed; for master and backup it never ends.
    /// </summary>
    /// <exception cref="OperationCanceledException">keepalived has said something else.</exception>
    public async Task RunAsync(NotifiedState state, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                if (await StepAsync(state, cancellation).ConfigureAwait(false))
                {
                    return;
                }
            }
            catch (IOException failure)
            {
                Tell($"Tries again: {failure.Message}");
            }

            await Task.Delay(settings.Pause, time, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>One look, and what follows from it. True: nothing is left to do.</summary>
    private async Task<bool> StepAsync(NotifiedState state, CancellationToken cancellation)
    {
        var sight = await own.LookAsync(cancellation).ConfigureAwait(false);
        if (!sight.IsReachable)
        {
            Tell($"Waits for the Redis of this host: {own.Trouble}");
            return sight.Reach == RedisReach.Refused && state is NotifiedState.Fault or NotifiedState.Stop;
        }

        if (state == NotifiedState.Master)
        {
            await RuleAsync(sight, cancellation).ConfigureAwait(false);
            return false;
        }

        if (sight.AdmitsClients || sight.Record?.RunId == sight.RunId)
        {
            Tell("Closes the Redis of this host.");
            await own.CloseAsync(cancellation).ConfigureAwait(false);
        }

        if (state != NotifiedState.Backup)
        {
            Tell("The Redis of this host is closed.");
            return true;
        }

        await FollowAsync(await own.LookAsync(cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);
        return false;
    }

    private async Task RuleAsync(RedisSight sight, CancellationToken cancellation)
    {
        var former = await OtherAsync(cancellation).ConfigureAwait(false);
        var until = time.GetUtcNow() + settings.RecordLife;
        if (
            IsOpen(sight)
            && sight.Record is { } held
            && sight.Admits.Contains(held)
            && (IsOpen(former) || former.DataEpoch <= held.Epoch)
        )
        {
            await own.ExtendAsync(held, until, cancellation).ConfigureAwait(false);
        }
        else
        {
            var next = new Tenure(sight.RunId, Math.Max(sight.DataEpoch, former.DataEpoch) + 1);
            Tell($"Opens the Redis of this host under epoch {next.Epoch}.");
            await own.PromoteAsync(next, cancellation).ConfigureAwait(false);
            await own.OpenAsync(next, until, cancellation).ConfigureAwait(false);
        }

        notices.Touch();
        Tell("The Redis of this host is open.");
    }

    private async Task FollowAsync(RedisSight sight, CancellationToken cancellation)
    {
        var master = await OtherAsync(cancellation).ConfigureAwait(false);
        if (!IsOpen(master) || master.Record is not { } tenure)
        {
            Tell($"Waits until {member.Name} is open as master.");
        }
        else if (!sight.IsMaster && sight.Follows == tenure)
        {
            if (sight.IsLinkUp)
            {
                notices.Touch();
            }

            Tell($"Follows {member.Name} under epoch {tenure.Epoch}{(sight.IsLinkUp ? "." : "; the link is down.")}");
        }
        else if (tenure.Epoch < sight.DataEpoch)
        {
            // Nodes have seen a later epoch here, and refuse an older one.
            Tell($"Waits until {member.Name} has opened under an epoch above {sight.DataEpoch}.");
        }
        else if (Histories.IsContained(sight, master) || await MergeAsync(tenure, cancellation).ConfigureAwait(false))
        {
            Tell($"Lets the Redis of this host follow {member.Name}.");
            await own.FollowAsync(member, tenure, cancellation).ConfigureAwait(false);
        }
    }

    private async Task<bool> MergeAsync(Tenure tenure, CancellationToken cancellation)
    {
        Tell($"Merges what only this host has into {member.Name}.");
        // Without a noted contact, only the expiries in this Redis decide what is too old.
        var terms = new MergeTerms(notices.Contact() ?? time.GetUtcNow(), Replicas: 0);
        var outcome = await own.MergeAsync(member, tenure, terms, new Counts(), cancellation).ConfigureAwait(false);
        if (outcome is not MergeOutcome.Merged { Counts: var counts })
        {
            throw new IOException(((MergeOutcome.Failed)outcome).Why);
        }

        Tell(
            $"Merged into {member.Name}: {counts.Scanned} sessions were compared, and {counts.Written} records and "
                + $"elements of documents were written; {counts.Foreign} keys of others and {counts.LeftOut} "
                + "records, damaged or not taken by the master, were not merged."
        );
        try
        {
            await own.SetAsideAsync(tenure.Epoch, cancellation).ConfigureAwait(false);
        }
        catch (IOException failure) when (settings.FollowsWithoutCopy)
        {
            Tell($"No copy of the data was made: {failure.Message}");
        }

        return true;
    }

    /// <summary>Bounded: the renewal of the own record waits for it.</summary>
    private async Task<RedisSight> OtherAsync(CancellationToken cancellation)
    {
        try
        {
            return await other
                .LookAsync(cancellation)
                .AsTask()
                .WaitAsync(settings.Deadline, time, cancellation)
                .ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return RedisSight.Unreachable;
        }
    }

    private static bool IsOpen(RedisSight sight) =>
        sight.IsReachable && sight.IsMaster && sight.AdmitsClients && sight.Record?.RunId == sight.RunId;

    /// <summary>What is waited for is said once.</summary>
    private void Tell(string sentence)
    {
        if (sentence != _told)
        {
            _told = sentence;
            tell(sentence);
        }
    }

    private sealed class Counts : IProgress<MemberMergeCounts>
    {
        public void Report(MemberMergeCounts value) { }
    }
}
