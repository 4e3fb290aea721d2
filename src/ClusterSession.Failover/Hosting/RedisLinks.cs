using ClusterSession.Failover.Agents;
using ClusterSession.Failover.Control;
using ClusterSession.Failover.Documents;
using ClusterSession.Failover.Options;
using ClusterSession.Redis;

namespace ClusterSession.Failover.Hosting;

/// <summary>Connections to the Redis servers that the settings name.</summary>
internal sealed class RedisLinks : IRedisLinks, IAsyncDisposable
{
    private const int Deadlines = 4;
    private static readonly TimeSpan ShortestSilence = TimeSpan.FromSeconds(2);

    private readonly FailoverOptions _options;
    private readonly ControlSettings _settings;
    private readonly TimeProvider _time;
    private readonly List<AdminLink> _links = [];
    private Action? _lost;

    public RedisLinks(FailoverOptions options, TimeProvider time)
    {
        (_options, _time) = (options, time);
        var silence = Deadlines * options.Deadline;
        _settings = new ControlSettings
        {
            Connection = new RedisOptions
            {
                User = options.RedisUser,
                Password = options.RedisPassword,
                Tls = options.RedisTls,
                TlsCaFile = options.RedisTlsCaFile,
                TlsCertificateFile = options.RedisTlsCertificateFile,
                TlsKeyFile = options.RedisTlsKeyFile,
                Database = options.RedisDatabase,
            },
            KeyPrefix = options.KeyPrefix!,
            Secret = options.Secret!,
            ApplicationUser = options.ApplicationUser,
            SessionLife = SessionLives.Of(options.IdleTimeout, options.TicketLife).Store,
            TombstoneLife = SessionLives.Of(options.IdleTimeout, options.TicketLife).Tombstone,
            Silence = silence > ShortestSilence ? silence : ShortestSilence,
        };
    }

    /// <inheritdoc/>
    public IRedisControl Own(ClusterMember member)
    {
        var address = _options.RedisAddress ?? member.Redis;
        return new RedisControl(new RedisProbe(Link(address), _settings), Link(address), _settings, _time);
    }

    /// <inheritdoc/>
    public IRedisProbe Of(ClusterMember member) => new RedisProbe(Link(member.Redis), _settings);

    /// <inheritdoc/>
    public void OnLost(Action lost) => Volatile.Write(ref _lost, lost);

    public async ValueTask DisposeAsync()
    {
        foreach (var link in _links)
        {
            await link.DisposeAsync().ConfigureAwait(false);
        }
    }

    private AdminLink Link(string address)
    {
        var link = RedisAddress.TryParse(address, out var endpoint)
            ? new AdminLink(endpoint, _settings, _time, () => Volatile.Read(ref _lost)?.Invoke())
            : throw new ArgumentException(
                $"'{address}' is no address of a Redis. Write it as host:port.",
                nameof(address)
            );
        _links.Add(link);
        return link;
    }
}
