using Microsoft.Extensions.Logging;

namespace ClusterSession.Failover.Raft;

/// <summary>
/// The application's logs without two events that DotNext writes with each heartbeat, several
/// times a second, for as long as a server is down.
/// </summary>
internal sealed class QuietLoggerFactory(ILoggerFactory inner) : ILoggerFactory
{
    private const int MemberUnavailable = 75001;
    private const int ReplicationFailed = 74015;

    public void AddProvider(ILoggerProvider provider) => inner.AddProvider(provider);

    public ILogger CreateLogger(string categoryName) => new QuietLogger(inner.CreateLogger(categoryName));

    public void Dispose()
    {
        // The factory is the application's.
    }

    private sealed class QuietLogger(ILogger inner) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => inner.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => inner.IsEnabled(logLevel);

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        )
        {
            if (eventId.Id is not (MemberUnavailable or ReplicationFailed))
            {
                inner.Log(logLevel, eventId, state, exception, formatter);
            }
        }
    }
}
