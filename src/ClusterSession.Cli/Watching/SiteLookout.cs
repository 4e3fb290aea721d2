using ClusterSession.Failover.Agents;
using ClusterSession.Failover.Control;
using ClusterSession.Redis;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Protocol;
using ClusterSession.Redis.Topology.Sentinel;
using ClusterSession.Transport.Pipelines;

namespace ClusterSession.Cli.Watching;

/// <summary>
/// Looks at all Sentinels of a site, then at every Redis that one of them names. It asks and
/// changes nothing. Not thread-safe.
/// </summary>
/// <remarks>
/// Redis is asked after the Sentinels have answered, so that a Redis that was demoted before they
/// named another one is not seen as their master. Who does not answer in time is waited for only
/// shortly, until it does (<see cref="Poll{T}"/>).
/// </remarks>
/// <param name="options">The Sentinels, name of the master, user of the application.</param>
/// <param name="own">The Redis of this host, which is looked at in any case; null: none is.</param>
/// <param name="deadline">How long an answer may take.</param>
/// <param name="time">The clock.</param>
internal sealed class SiteLookout(RedisOptions options, RedisEndpoint? own, TimeSpan deadline, TimeProvider time)
    : IAsyncDisposable
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(2);

    private readonly Dictionary<RedisEndpoint, (AdminLink Link, Poll<SentinelState> Poll)> _sentinels = [];
    private readonly Dictionary<RedisEndpoint, (AdminLink Link, Poll<ServerState> Poll)> _servers = [];
    private readonly Dictionary<RedisEndpoint, SentinelAnswer> _answers = [];
    private RedisEndpoint[] _known = [];

    public async Task<SiteSight> LookAsync(CancellationToken cancellation)
    {
        lock (_answers)
        {
            _answers.Clear();
        }

        var sentinels = await Task.WhenAll(options.Endpoints.Select(one => AskSentinelAsync(one, cancellation)))
            .ConfigureAwait(false);
        lock (_answers)
        {
            // While no Sentinel answers, those that they named last are still of interest.
            if (_answers.Count > 0)
            {
                _known =
                [
                    .. _answers
                        .Values.SelectMany(answer => answer.AllReplicas.Append(answer.Master ?? own ?? default))
                        .Where(named => named != default)
                        .Distinct(),
                ];
            }
        }

        RedisEndpoint[] all = own is { } self ? [.. _known.Append(self).Distinct()] : _known;
        var servers = await Task.WhenAll(all.Select(one => AskServerAsync(one, cancellation))).ConfigureAwait(false);
        return new SiteSight(
            options.ServiceName!,
            time.GetUtcNow(),
            sentinels,
            [.. servers.OrderBy(server => server.Address, StringComparer.Ordinal)]
        );
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var link in _sentinels.Values.Select(one => one.Link).Concat(_servers.Values.Select(one => one.Link)))
        {
            await link.DisposeAsync().ConfigureAwait(false);
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
                    Quorum = answer.Quorum,
                    AllSentinels = answer.AllSentinels,
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
                return ServerReader.Read($"{server}", answer);
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
                Silence = Silence,
            },
            time,
            role: role
        );

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
