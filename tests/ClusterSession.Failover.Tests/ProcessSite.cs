using System.Globalization;
using ClusterSession.Failover;
using ClusterSession.Failover.Coordination;
using ClusterSession.Failover.Leases;
using ClusterSession.Failover.Raft;

namespace ClusterSession.Failover.Tests;

/// <summary>
/// The three servers of a coordination store as processes, which are killed and frozen; their
/// clients are in this process.
/// </summary>
internal sealed class ProcessSite : IAsyncDisposable
{
    private readonly CoordinationSite _site = new();
    private readonly ServerProcess?[] _processes = new ServerProcess?[3];
    private readonly PeerClient _peers;
    private readonly RaftCoordinatorOptions _options = new();
    private readonly TemporaryDirectory _logs = new();
    private readonly VoteGate _gate;

    public ProcessSite()
    {
        _site.Set(_options, 0);
        // Only the client's handler asks it; a client never votes.
        _gate = new VoteGate(_logs.Path, hasLog: false);
        _peers = new PeerClient(new RaftHandlers(_options, _gate), _options);
    }

    public CoordinationSite Site => _site;

    public static async Task<ProcessSite> StartAsync()
    {
        var site = new ProcessSite();
        for (var i = 0; i < 3; i++)
        {
            await site.StartAsync(i);
        }

        await site.LeaderAsync();
        await Condition.HoldsAsync(
            async () => (await site.StatusesAsync()).All(status => status is { IsVoter: true }),
            "all members vote",
            CoordinationSite.Patience
        );
        return site;
    }

    public async Task StartAsync(int index) =>
        _processes[index] = await ServerProcess.StartAsync(
            "dotnet",
            [
                Path.Combine(AppContext.BaseDirectory, "ClusterSession.Failover.Node.dll"),
                _site.Addresses[index].ToString(),
                _site.DirectoryOf(index),
                CoordinationSite.Secret,
                Milliseconds(_options.LowerElectionTimeout),
                Milliseconds(_options.RpcTimeout),
                .. _site.Addresses.Select(address => address.ToString()),
            ],
            _logs.Path
        );

    public async Task KillAsync(int index)
    {
        await _processes[index]!.DisposeAsync();
        _processes[index] = null;
    }

    public void Freeze(int index) => _processes[index]!.Stop();

    public void Thaw(int index) => _processes[index]!.Continue();

    /// <summary>A client that asks each member in turn until one answers.</summary>
    public IFailoverCoordinator Client(int first = 0)
    {
        var next = first;
        return new RaftCoordinator(
            async (operation, cancellation) =>
            {
                var answer = await _peers.SendAsync(
                    _site.Addresses[next % 3],
                    operation,
                    isForwarded: false,
                    cancellation
                );
                if (answer.Kind is AnswerKind.NotLeader or AnswerKind.Unknown)
                {
                    next++;
                }

                return answer;
            },
            _options
        );
    }

    /// <summary>What this member itself says to an operation, which it does not forward.</summary>
    public Task<Answer> AskAsync(int index, Operation operation) =>
        _peers.SendAsync(_site.Addresses[index], operation, isForwarded: true, CancellationToken.None);

    public Task<RaftStatus?> StatusAsync(int index) =>
        _peers.StatusAsync(_site.Addresses[index], CancellationToken.None);

    public async Task<int> LeaderAsync()
    {
        var leader = -1;
        await Condition.HoldsAsync(
            async () => (leader = Array.FindIndex(await StatusesAsync(), status => status is { IsLeading: true })) >= 0,
            "a member leads",
            CoordinationSite.Patience
        );
        return leader;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes.OfType<ServerProcess>())
        {
            await process.DisposeAsync();
        }

        _peers.Dispose();
        _logs.Dispose();
        await _site.DisposeAsync();
    }

    private static string Milliseconds(TimeSpan time) =>
        time.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture);

    private Task<RaftStatus?[]> StatusesAsync() => Task.WhenAll(Enumerable.Range(0, 3).Select(StatusAsync));
}
