using System.Diagnostics;
using ClusterSession.Failover.Agents;
using ClusterSession.Failover.Control;
using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Deciding;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Operating;
using ClusterSession.Failover.Sights;
using Xunit;

namespace ClusterSession.Failover.Tests.Control;

/// <summary>
/// Agents as they are, over real Redis and a real coordination store; only their calls to each
/// other stay in process.
/// </summary>
public sealed class FailoverSiteTests(ITestOutputHelper output) : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly CancellationTokenSource _end = new();
    private readonly ClosedRedis[] _redis = new ClosedRedis[2];
    private readonly FailoverAgent[] _agents = new FailoverAgent[2];
    private readonly List<Task> _runs = [];
    private CoordinationSite _site = null!;

    public async ValueTask InitializeAsync()
    {
        _site = await CoordinationSite.StartAsync();
        for (var i = 0; i < _redis.Length; i++)
        {
            _redis[i] = await ClosedRedis.StartAsync(appendOnly: true);
        }

        for (var i = 0; i < _redis.Length; i++)
        {
            var other = 1 - i;
            var links = new AgentLinks(
                _site[i].Coordinator,
                _redis[i].Control,
                new Dictionary<string, IRedisProbe>
                {
                    [_redis[other].Member.Name] = new RedisProbe(_redis[other].Link(), _redis[other].Settings),
                },
                new Dictionary<string, IAgentPeer> { [_redis[other].Member.Name] = new Peer(() => _agents[other]) }
            );
            var members = _redis.Select(redis => redis.Member).ToArray();
            _agents[i] = new FailoverAgent(
                new AgentSettings("north", members[i].Name, members),
                new FailoverTimings { ReturnAfter = null },
                links,
                TimeProvider.System
            );
        }

        _runs.AddRange(_agents.Select(agent => Task.Run(() => agent.RunAsync(_end.Token))));
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await Task.WhenAll(_runs).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var redis in _redis)
        {
            await redis.DisposeAsync();
        }

        await _site.DisposeAsync();
    }

    [Fact]
    public async Task Killed_master_is_replaced_by_its_replica_and_is_merged_and_follows_when_it_comes_back()
    {
        var first = await OpenAsync(except: null);
        var (master, replica) = (_redis[first], _redis[1 - first]);
        Assert.Equal("OK", await master.CommitAsync((await master.SeenAsync()).Record!.Value, "kept"));
        await WithinAsync(async () => await replica.ValueAsync() == "kept", "the replica has it");

        await master.Server.Kill9Async();
        Assert.Equal(1 - first, await OpenAsync(except: first));
        Assert.Equal("kept", await replica.ValueAsync());
        var tenure = (await replica.SeenAsync()).Record!.Value;
        Assert.True(tenure.Epoch > 1);
        Assert.Equal("OK", await replica.CommitAsync(tenure, "newer"));

        // What only it has is merged into the master before it follows, and its files are copied
        // aside.
        await master.Server.StartAgainAsync();
        await WithinAsync(async () => await master.ValueAsync() == "newer", "it follows and has all");
        Assert.Equal((MergeState.Merged, null), (_agents[first].Merge?.State, _agents[first].Merge?.NotSetAside));
        Assert.True(File.Exists(Path.Combine(master.Server.WorkingDirectory, SetAside.NameOf(tenure.Epoch))));
        Assert.Equal("newer", await replica.ValueAsync());
        var sight = await replica.SeenAsync();
        Assert.True(sight is { HasOwnRecord: true, AdmitsClients: true });
    }

    [Fact]
    public async Task Switch_hands_the_master_over_with_all_commits_and_the_former_one_follows()
    {
        var first = await OpenAsync(except: null);
        var (master, replica) = (_redis[first], _redis[1 - first]);
        await WithinAsync(async () => await replica.SeenAsync() is { IsLinkUp: true }, "the replica follows");
        Assert.Equal("OK", await master.CommitAsync((await master.SeenAsync()).Record!.Value, "kept"));

        await WithinAsync(() => CommandAsync(new OperatorCommand.SwitchTo(replica.Member.Name)), "it is planned");
        await WithinAsync(async () => !(await master.SeenAsync()).HasOwnRecord, "the master closes");
        var closed = Stopwatch.GetTimestamp();
        await WithinAsync(async () => (await replica.SeenAsync()).HasOwnRecord, "the replica opens");
        output.WriteLine($"Without a master for {Stopwatch.GetElapsedTime(closed).TotalMilliseconds:0} ms.");
        Assert.Equal("kept", await replica.ValueAsync());
        Assert.Equal("OK", await replica.CommitAsync((await replica.SeenAsync()).Record!.Value, "newer"));
        await WithinAsync(async () => await master.ValueAsync() == "newer", "the former master follows");
        var document = await DocumentAsync();
        Assert.Empty(document.Document.Ledger);
        Assert.Equal(EventKind.Switch, document.Document.Events[^1].What);
    }

    [Fact]
    public async Task Master_that_can_write_no_snapshot_and_so_refuses_writes_is_followed_by_its_replica()
    {
        var first = await OpenAsync(except: null);
        var (master, replica) = (_redis[first], _redis[1 - first]);
        await WithinAsync(async () => await replica.SeenAsync() is { IsLinkUp: true }, "the replica follows");
        Assert.Equal("OK", await master.CommitAsync((await master.SeenAsync()).Record!.Value, "kept"));
        await master.AskAsync("CONFIG", "SET", "save", "3600 1000000");
        Directory.CreateDirectory(Path.Combine(master.Server.WorkingDirectory, "dump.rdb")); // In its way.
        await WithinAsync(
            async () =>
            {
                await master.AskAsync("BGSAVE"); // Refused while the file is being rewritten.
                return await master.InfoAsync("persistence", "rdb_last_bgsave_status") == "err";
            },
            "a snapshot has failed"
        );

        Assert.Equal(1 - first, await OpenAsync(except: first));
        Assert.Equal("kept", await replica.ValueAsync());
        Assert.Equal("OK", await replica.CommitAsync((await replica.SeenAsync()).Record!.Value, "newer"));
    }

    private async Task<(CoordinationState State, ClusterDocument Document)> DocumentAsync()
    {
        var read = Assert.IsType<ReadResult.Read>(await _site[0].Coordinator.ReadAsync("north"));
        return (read.State, ClusterDocument.Read(read.State.Document.Span));
    }

    /// <summary>False: it is refused as yet, or another change came first.</summary>
    private async Task<bool> CommandAsync(OperatorCommand command)
    {
        var (state, document) = await DocumentAsync();
        var sights = new Dictionary<string, MemberSight>();
        foreach (var redis in _redis)
        {
            sights[redis.Member.Name] = new MemberSight(await redis.SeenAsync(), true);
        }

        return new CommandPlanner(new FailoverTimings()).Plan(
                command,
                document,
                state,
                sights,
                TimeProvider.System.GetUtcNow()
            )
                is PlanResult.Planned planned
            && await _site[0]
                .Coordinator.WriteAsync(OperationId.New(), "north", state.Version, planned.Document.Write())
                is WriteResult.Written;
    }

    /// <summary>Waits until one takes commits.</summary>
    private async Task<int> OpenAsync(int? except)
    {
        var open = -1;
        await WithinAsync(
            async () =>
            {
                for (var i = 0; i < _redis.Length && open < 0; i++)
                {
                    open =
                        i != except
                        && await _redis[i].Probe.LookAsync(default)
                            is { HasOwnRecord: true, AdmitsClients: true, IsMaster: true }
                            ? i
                            : -1;
                }

                return open >= 0;
            },
            "a master is open"
        );
        return open;
    }

    private async Task WithinAsync(Func<Task<bool>> condition, string what)
    {
        try
        {
            await Condition.HoldsAsync(condition, what, Patience);
        }
        catch (TimeoutException e)
        {
            var said = _agents.Select((agent, i) => $"{agent.Last} {agent.Trouble} {_redis[i].Probe.Trouble}");
            throw new TimeoutException($"{e.Message}\n{string.Join('\n', said)}", e);
        }
    }

    private sealed class Peer(Func<FailoverAgent> agent) : IAgentPeer
    {
        public ValueTask<AgentSight> HearAsync(CancellationToken cancellation) =>
            new(new AgentSight(true, agent().Merge));

        public ValueTask<bool> PromiseAsync(
            long epoch,
            long adoptions,
            TimeSpan duration,
            CancellationToken cancellation
        ) => new(agent().TryPromise(epoch, adoptions, duration));
    }
}
