using ClusterSession.Failover.Diagnostics;
using ClusterSession.Failover.Leases;
using DotNext.IO.Log;
using DotNext.Net.Cluster;
using DotNext.Net.Cluster.Consensus.Raft;
using DotNext.Net.Cluster.Consensus.Raft.StateMachine;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ClusterSession.Failover.Raft;

/// <summary>
/// One server of the coordination store, inside an application: its log, its map, its place in the
/// cluster. The Raft library (DotNext) finds the services that it needs in a provider of its own,
/// so that the application's services are left alone.
/// </summary>
internal sealed class RaftServer(
    IOptions<RaftCoordinatorOptions> options,
    ILoggerFactory loggers,
    IHostEnvironment environment
) : IHostedService
{
    private readonly RaftCoordinatorOptions _options = options.Value;
    private readonly ILogger _logger = loggers.CreateLogger("ClusterSession.Failover");
    private readonly CancellationTokenSource _stopping = new();
    private DirectoryLock? _lock;
    private Running? _running;

    /// <summary>Null before the start and after the stop.</summary>
    private Running? Current => Volatile.Read(ref _running);

    /// <summary>Last entry that the map contains.</summary>
    public long AppliedIndex => Current?.Map.AppliedIndex ?? 0;

    /// <summary>Whether this server leads.</summary>
    public bool IsLeading => Current?.Leader.IsLeading ?? false;

    /// <summary>
    /// Whether this server votes, and how often it did not. Null while it is not running.
    /// </summary>
    public VoteGate? Gate => Current?.Gate;

    /// <summary>
    /// The map as bytes; alike on all servers that have applied the same entries.
    /// </summary>
    public ReadOnlyMemory<byte> Snapshot() => Current?.Map.Snapshot() ?? default;

    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var place = Path.GetFullPath(_options.Directory!);
        var log = Path.Combine(place, "log");
        Directory.CreateDirectory(place);
        _lock = DirectoryLock.Take(place);
        var gate = new VoteGate(place, Directory.Exists(log));
        var map = new MapStateMachine(
            new DirectoryInfo(Path.Combine(place, "snapshots")),
            _options.SnapshotInterval,
            _options.BeforeRestore
        );
        await map.RestoreAsync(cancellationToken).ConfigureAwait(false); // Before the log, which is replayed over it.
        var wal = new DurableLog(
            new WriteAheadLog.Options
            {
                Location = log,
                HashAlgorithm = WriteAheadLog.IntegrityHashAlgorithm.Crc32,
                ChunkSize = 65536,
            },
            map
        );
        var handlers = new RaftHandlers(_options, gate);
        var services = RaftServices.Build(_options, wal, handlers, loggers, environment);
        var cluster = services.GetRequiredService<IRaftCluster>();
        var running = new Running(
            map,
            wal,
            gate,
            services,
            cluster,
            new LeaseLeader(cluster, map, _options, _logger),
            new PeerClient(handlers, _options),
            RaftServices.Pipeline(services)
        );
        if (!gate.IsOpen)
        {
            _logger.ServerHasNoData(place);
        }

        foreach (var service in services.GetServices<IHostedService>())
        {
            await service.StartAsync(cancellationToken).ConfigureAwait(false);
        }

        Volatile.Write(ref _running, running);
        var upkeep = new Upkeep(running.Cluster, running.Map, running.Gate, running.Peers, _options, _logger);
        running.Background =
        [
            InBackground("lead", running.Leader.RunAsync),
            InBackground("join", upkeep.JoinAsync),
            InBackground("watch", stopping => upkeep.WatchAsync(running.Leader, stopping)),
        ];
    }

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _running, null) is not { } running)
        {
            return;
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(running.Background).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var service in running.Services.GetServices<IHostedService>())
        {
            await service.StopAsync(cancellationToken).ConfigureAwait(false);
        }

        running.Leader.Dispose();
        running.Peers.Dispose();
        await running.Services.DisposeAsync().ConfigureAwait(false);
        await running.Log.DisposeAsync().ConfigureAwait(false);
        await running.Map.DisposeAsync().ConfigureAwait(false);
        _lock?.Dispose();
        _stopping.Dispose();
    }

    /// <summary>Executes it here, if this server leads, else sends it one hop.</summary>
    public async Task<Answer> SendAsync(Operation operation, CancellationToken cancellation)
    {
        if (Current is not { } running)
        {
            return Answer.NotLeader;
        }

        if (running.Leader.IsLeading)
        {
            return await running.Leader.ExecuteAsync(operation, cancellation).ConfigureAwait(false);
        }

        return running.Cluster.Leader is { IsRemote: true, EndPoint: UriEndPoint leader }
            ? await running
                .Peers.SendAsync(leader.Uri, operation, isForwarded: true, cancellation)
                .ConfigureAwait(false)
            : Answer.NotLeader;
    }

    /// <summary>Executes it here, if this server leads.</summary>
    public Task<Answer> ExecuteAsync(Operation operation, CancellationToken cancellation) =>
        Current?.Leader.ExecuteAsync(operation, cancellation) ?? Task.FromResult(Answer.NotLeader);

    public RaftStatus Status() =>
        Current is { } running
            ? new RaftStatus(
                true,
                running.Log.LastEntryIndex,
                running.Map.AppliedIndex,
                running.Cluster.AuditTrail.Term,
                running.Leader.IsLeading,
                running.Gate.IsOpen
            )
            {
                Silent = running.Leader.IsLeading
                    ?
                    [
                        .. running
                            .Cluster.Members.Where(static server =>
                                server is { IsRemote: true, Status: ClusterMemberStatus.Unavailable }
                            )
                            .Select(static server => server.EndPoint)
                            .OfType<UriEndPoint>()
                            .Select(static place => new Uri(place.Uri, "/").AbsoluteUri),
                    ]
                    : null,
            }
            : RaftStatus.None;

    /// <summary>A message of the library's protocol.</summary>
    public Task ReceiveAsync(HttpContext context)
    {
        if (Current is not { } running || !running.Gate.Admits(context.Request))
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return Task.CompletedTask;
        }

        return running.Protocol(context);
    }

    private Task InBackground(string task, Func<CancellationToken, Task> loop) =>
        new BackgroundLoop(task, _logger, TimeProvider.System).RunAsync(loop, _stopping.Token);

    private sealed record Running(
        MapStateMachine Map,
        DurableLog Log,
        VoteGate Gate,
        ServiceProvider Services,
        IRaftCluster Cluster,
        LeaseLeader Leader,
        PeerClient Peers,
        RequestDelegate Protocol
    )
    {
        public Task[] Background { get; set; } = [];
    }
}
