using ClusterSession.Redis.Diagnostics;
using ClusterSession.Transport.Diagnostics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace ClusterSession.Redis.Hosting;

/// <summary>
/// Moves a store when the configuration names other servers. What cannot be used is refused, and
/// the servers named before are used on.
/// </summary>
internal sealed class ConnectionStringWatch : IDisposable
{
    public const string Setting = "ClusterSession:Redis";

    private readonly IConfiguration _configuration;
    private readonly Func<string, RedisOptions> _parse;
    private readonly RedisSessionStore _store;
    private readonly ILogger _logger;
    private readonly IDisposable _registration;
    private readonly Lock _gate = new();
    private string? _current; // under _gate

    public ConnectionStringWatch(
        IConfiguration configuration,
        Func<string, RedisOptions> parse,
        RedisSessionStore store,
        ILogger logger
    )
    {
        (_configuration, _parse, _store, _logger) = (configuration, parse, store, logger);
        _current = configuration[Setting];
        _registration = ChangeToken.OnChange(configuration.GetReloadToken, Look);
    }

    public void Dispose() => _registration.Dispose();

    private void Look()
    {
        lock (_gate)
        {
            // A reload tells that something has changed, not what, and often twice.
            if (_configuration[Setting] is var now && now == _current)
            {
                return;
            }

            _current = now;
            try
            {
                _store.MoveTo(
                    _parse(
                        now
                            ?? throw new FormatException(
                                $"{Setting} is missing. Set it to a connection string such as 'localhost:6379'."
                            )
                    )
                );
            }
            catch (Exception unusable) when (unusable is FormatException or ArgumentException)
            {
                _logger.MoveRefused(LogSentence.Of(unusable.Message));
            }
        }
    }
}
