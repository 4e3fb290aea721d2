using ClusterSession.Failover.Agents;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Sights;
using ClusterSession.Redis.Connection.Fencing;

namespace ClusterSession.Failover.Tests.Simulation;

/// <summary>An agent's connection to a Redis, its own or another's.</summary>
internal sealed class SimRedisLink(SimCluster cluster, SimHost from, SimProcess agent, SimHost to, SimClock clock)
    : IRedisControl
{
    private const int Batch = 40;

    public ValueTask<RedisSight> LookAsync(CancellationToken cancellation) =>
        SimCall.SendAsync<RedisSight>(
            cluster,
            from,
            agent,
            () => from != to && cluster.IsCut(from, to),
            (answer, _) =>
            {
                if (to.Redis.Process.IsDead)
                {
                    answer(RedisSight.Refused);
                }

                to.Redis.Process.Deliver(() => answer(to.Redis.Look()));
            }
        );

    public async ValueTask FollowAsync(ClusterMember member, Tenure tenure, CancellationToken cancellation) =>
        await DoAsync($"follow {member.Name}", redis => redis.Follow(cluster.Find(member.Name).Redis, tenure));

    public async ValueTask PromoteAsync(Tenure tenure, CancellationToken cancellation) =>
        await DoAsync($"promote {tenure.Epoch}", redis =>
        {
            if (redis.RunId == tenure.RunId)
            {
                redis.Promote(tenure);
            }
        });

    public async ValueTask CloseAsync(CancellationToken cancellation) => await DoAsync("close", redis => redis.Close());

    public async ValueTask OpenAsync(Tenure tenure, DateTimeOffset until, CancellationToken cancellation)
    {
        var record = Record(tenure, until);
        await DoAsync($"open {tenure.Epoch}", redis => redis.Open(record with { Until = Until(record) }));
    }

    public async ValueTask ExtendAsync(Tenure tenure, DateTimeOffset until, CancellationToken cancellation)
    {
        var record = Record(tenure, until);
        await DoAsync(null, redis => redis.Extend(record with { Until = Until(record) }));
    }

    /// <summary>
    /// Batch after batch is read here and written there, behind the fence; each message may be
    /// lost, and the agent may be killed or frozen before each.
    /// </summary>
    public async ValueTask<MergeOutcome> MergeAsync(
        ClusterMember target,
        Tenure tenure,
        MergeTerms terms,
        IProgress<MemberMergeCounts> progress,
        CancellationToken cancellation
    )
    {
        if (cluster.IsMergeRefused)
        {
            return new MergeOutcome.Failed("The target refuses.");
        }

        var there = cluster.Find(target.Name);
        var source = to.Redis.RunId;
        var commits = await AskAsync(to, redis => redis.Data.Commits.Order().ToArray());
        var merged = 0;
        progress.Report(new MemberMergeCounts(0, commits.Length, 0, 0));
        foreach (var batch in commits.Chunk(Batch))
        {
            cancellation.ThrowIfCancellationRequested();
            var done = await AskAsync(there, redis => redis.Merge(batch, tenure), isChange: true);
            if (done is null)
            {
                return new MergeOutcome.Failed("The target is fenced.");
            }

            merged += done.Value;
            progress.Report(new MemberMergeCounts(commits.Length, commits.Length, merged, 0));
        }

        var confirmed = terms.Replicas > 0 ? await AskAsync(there, _ => cluster.Confirmed(there)) : 0;
        cluster.Checker.Merged(to.Redis, source, there.Redis, tenure);
        var counts = new MemberMergeCounts(commits.Length, commits.Length, merged, 0) { Foreign = cluster.Foreign };
        return new MergeOutcome.Merged(counts, confirmed);
    }

    public async ValueTask SetAsideAsync(long epoch, CancellationToken cancellation)
    {
        if (!cluster.CanSetAside)
        {
            throw new IOException("No room.");
        }

        await AskAsync(to, redis => redis.SetAside(), isChange: true);
    }

    private async Task<T> AskAsync<T>(SimHost host, Func<SimRedis, T> question, bool isChange = false) =>
        await SimCall
            .SendAsync<T>(
                cluster,
                from,
                agent,
                () => from != host && cluster.IsCut(from, host),
                (answer, fail) =>
                {
                    if (host.Redis.Process.IsDead)
                    {
                        fail();
                    }

                    host.Redis.Process.Deliver(() => answer(question(host.Redis)));
                },
                isChange
            )
            .AsTask()
            .WaitAsync(cluster.Timings.Deadline, clock);

    private SimRecord Record(Tenure tenure, DateTimeOffset until) =>
        new(tenure, until, cluster.World.Now + (until - from.Wall), until - from.Wall);

    /// <summary>A duration, as PX and PEXPIRE take it, begins when it is executed.</summary>
    private DateTimeOffset Until(SimRecord record) => cluster.HasDurations ? from.Wall + record.Life : record.Until;

    private ValueTask<bool> DoAsync(string? what, Action<SimRedis> command) =>
        SimCall.SendAsync<bool>(
            cluster,
            from,
            agent,
            () => false,
            (answer, fail) =>
            {
                var process = to.Redis.Process;
                if (process.IsDead)
                {
                    fail();
                }

                process.Deliver(() =>
                {
                    if (what is not null)
                    {
                        cluster.World.Tell($"{to.Name}: {what}");
                    }

                    command(to.Redis);
                    answer(true);
                });
            },
            isChange: true
        );
}
