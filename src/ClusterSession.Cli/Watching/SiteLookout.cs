using ClusterSession.Failover.Agents;
using ClusterSession.Failover.Control;
using ClusterSession.Redis;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Protocol;
using ClusterSession.Redis.Topology.Sentinel;
using ClusterSession.Transport.Pipelines;
using ClusterSession.Transport.Signals;

namespace ClusterSession.Cli.Watching;

/// <summary>
/// Looks at all Sentinels of a site, then at every Redis that one of them names. It only asks, and
/// changes nothing. Not thread-safe.
/// </summary>
/// <remarks>
/// Redis is asked after the Sentinels have answered, so that a Redis that was demoted before they
/// named another one is not seen as their master. A server that has not answered in time is waited
/// for only shortly in later looks, until it answers (<see cref="Poll{T}"/>).
/// </remarks>
/// <param name="options">The Sentinels, name of the master, user of the application.</param>
/// <param name="own">The Redis of this host, which is looked at in any case; null: none is.</param>
/// <param name="deadline">How long an answer may take.</param>
/// <param name="client">Name of its connections in CLIENT LIST.</param>
/// <param name="time">The clock.</param>
internal sealed class SiteLookout(
    RedisOptions options,
    RedisEndpoint? own,
    TimeSpan deadline,
    string client,
    TimeProvider time
) : IAsyncDisposable
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Connecting = TimeSpan.FromSeconds(1);

    private readonly RedisEndpoint[] _endpoints = [.. options.Endpoints.Distinct()];
    private readonly Dictionary<RedisEndpoint, (AdminLink Link, Poll<SentinelState> Poll)> _sentinels = [];
    private readonly Dictionary<RedisEndpoint, (AdminLink Link, Poll<ServerState> Poll)> _servers = [];
    private readonly Dictionary<RedisEndpoint, SentinelAnswer> _answers = [];
    private RedisEndpoint[] _known = [];
    private string? _ownName;

    public async Task<SiteSight> LookAsync(CancellationToken cancellation)
    {
        lock (_answers)
        {
            _answers.Clear();
        }

        var sentinels = await Task.WhenAll(_endpoints.Select(one => AskSentinelAsync(one, cancellation)))
            .ConfigureAwait(false);
        lock (_answers)
        {
            // While no Sentinel answers, those that they named last are still of interest.
            if (_answers.Count > 0)
            {
                _known =
                [
                    .. _answers
                        .Values.SelectMany(answer =>
                            answer.Master is { } master ? answer.AllReplicas.Append(master) : answer.AllReplicas
                        )
                        .Distinct(),
                ];
            }
        }

        RedisEndpoint[] all = own is { } self ? [.. _known.Append(self).Distinct()] : _known;
        EndAllBut(all);
        var servers = await Task.WhenAll(all.Select(one => AskServerAsync(one, cancellation))).ConfigureAwait(false);
        _ownName = OwnName(servers);
        return new SiteSight(
            options.ServiceName!,
            time.GetUtcNow(),
            sentinels,
            [
                .. servers
                    .Where(server => _ownName is null || server.Address != $"{own}")
                    .OrderBy(server => server.Address, StringComparer.Ordinal),
            ]
        )
        {
            OwnName = _ownName,
        };
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var link in _sentinels.Values.Select(one => one.Link).Concat(_servers.Values.Select(one => one.Link)))
        {
            await link.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>
    /// How the Sentinels name the Redis of this host, where the settings name it otherwise: as a
    /// Redis of its own it would be a second master. Its process says which one it is; while that
    /// or the other one does not answer, what was seen last counts.
    /// </summary>
    private string? OwnName(ServerState[] servers)
    {
        if (own is not { } self || _known.Contains(self))
        {
            return null;
        }

        var runId = servers.First(server => server.Address == $"{self}").RunId;
        var others = servers.Where(server => server.Address != $"{self}" && server.RunId.Length > 0).ToArray();
        var same = others.FirstOrDefault(server => server.RunId == runId);
        var isKnown = runId.Length > 0 && others.Any(server => server.Address == _ownName);
        return same?.Address ?? (isKnown ? null : _ownName);
    }

    /// <summary>
    /// Ends the links to every Redis that is no longer named: else this process would try to
    /// connect to it for ever.
    /// </summary>
    private void EndAllBut(RedisEndpoint[] named)
    {
        foreach (var (gone, asked) in _servers.Where(server => !named.Contains(server.Key)).ToArray())
        {
            _servers.Remove(gone);
            asked.Link.DisposeAsync().AsTask().Abandon(); // It may wait for an attempt to connect.
        }
    }

    private Task<SentinelState> AskSentinelAsync(RedisEndpoint sentinel, CancellationToken cancellation)
    {
        var silent = new SentinelState($"{sentinel}") { Problem = Late() };
        if (!_sentinels.TryGetValue(sentinel, out var asked))
        {
            asked = (Link(sentinel, RedisRole.Sentinel), new(silent, state => state.Problem is null, deadline, time));
            _sentinels.Add(sentinel, asked);
        }

        return asked.Poll.AskAsync(async () =>
        {
            try
            {
                var connection = await asked.Link.GetAsync(cancellation).ConfigureAwait(false);
                var answer = await SentinelQuestion.AskAsync(connection, options.ServiceName!).ConfigureAwait(false);
                lock (_answers)
                {
                    _answers[sentinel] = answer;
                }

                return new SentinelState($"{sentinel}")
                {
                    Master = answer.Master?.ToString(),
                    Epoch = Math.Max(0, answer.Epoch),
                    IsFailingOver = answer.IsFailingOver,
                    IsFinishing = answer.IsFinishing,
                    Quorum = answer.Quorum,
                    AllSentinels = answer.AllSentinels,
                    RunId = connection.Server.RunId,
                };
            }
            catch (Exception failure) when (IsExpected(failure))
            {
                return silent with { Problem = failure.Message };
            }
        });
    }

    private Task<ServerState> AskServerAsync(RedisEndpoint server, CancellationToken cancellation)
    {
        var silent = new ServerState($"{server}") { Problem = Late() };
        if (!_servers.TryGetValue(server, out var asked))
        {
            asked = (Link(server, role: null), new(silent, state => state.Problem is null, deadline, time));
            _servers.Add(server, asked);
        }

        return asked.Poll.AskAsync(async () =>
        {
            try
            {
                var connection = await asked.Link.GetAsync(cancellation).ConfigureAwait(false);
                var answer = await connection.SendAsync(ServerReader.Question()).ConfigureAwait(false);
                return ServerReader.Read($"{server}", connection.Server.RunId, answer);
            }
            catch (Exception failure) when (IsExpected(failure))
            {
                return silent with { Problem = failure.Message };
            }
        });
    }

    private AdminLink Link(RedisEndpoint endpoint, RedisRole? role) =>
        new(
            endpoint,
            new ControlSettings
            {
                Connection = role is null ? options : options.ForSentinels(),
                KeyPrefix = "",
                Secret = "",
                Silence = AtLeast(Silence),
                ConnectTimeout = AtLeast(Connecting),
                ClientName = client,
            },
            time,
            role: role
        );

    /// <summary>No wait ends before the deadline.</summary>
    private TimeSpan AtLeast(TimeSpan wait) => wait > deadline ? wait : deadline;

    private string Late() =>
        string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"It has not answered within {deadline.TotalMilliseconds:0} ms."
        );

    private static bool IsExpected(Exception failure) =>
        failure
            is ConnectionException
                or RedisServerException
                or RespProtocolException
                or RedisUnreadableReplyException
                or ObjectDisposedException;
}
