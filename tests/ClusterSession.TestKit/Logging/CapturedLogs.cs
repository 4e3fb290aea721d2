using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace ClusterSession.TestKit.Logging;

/// <summary>Keeps every log message of every category, whole: text, state and exception.</summary>
public sealed class CapturedLogs : ILoggerProvider
{
    private readonly ConcurrentQueue<CapturedLog> _logs = new();

    public IReadOnlyCollection<CapturedLog> All => _logs;

    public int Count(string eventName) => _logs.Count(log => log.Event.Name == eventName);

    public ILogger CreateLogger(string categoryName) => new Logger(categoryName, _logs);

    public void Dispose() { }

    private sealed class Logger(string category, ConcurrentQueue<CapturedLog> logs) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
        {
            logs.Enqueue(new CapturedLog(category, LogLevel.Trace, default, Text(state)));
            return null;
        }

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        ) =>
            logs.Enqueue(
                new CapturedLog(category, logLevel, eventId, $"{formatter(state, exception)} {Text(state)} {exception}")
            );

        private static string Text<TState>(TState state) =>
            state is IEnumerable<KeyValuePair<string, object?>> values
                ? string.Join(' ', values.Select(value => $"{value.Key}={value.Value}"))
                : state?.ToString() ?? "";
    }
}
