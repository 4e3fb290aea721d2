using ClusterSession.Stores;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Diagnostics;

/// <summary>
/// The logger of requests. What every request meets while the store is away, and what any
/// stranger can cause, is counted as a metric and written at a bounded rate. Thread-safe.
/// </summary>
internal sealed class RequestLog(ILogger logger, SessionMetrics metrics, TimeProvider time) : ILogger
{
    private readonly LogRate _refused = new(time);
    private readonly LogRate _opens = new(time);
    private readonly LogRate _commits = new(time);
    private readonly LogRate _commitsAfterHeaders = new(time);
    private readonly LogRate _lateCommits = new(time);

    /// <summary>A cookie was not accepted. Anybody can send any number of them.</summary>
    public void CookieRefused(string reason)
    {
        if (_refused.MayWrite(out var count))
        {
            logger.CookieRefused(reason, count);
        }
    }

    /// <summary>A session could not be opened.</summary>
    public void OpenFailed(StoreFailure failure, SessionOutagePolicy policy)
    {
        metrics.FailedOpens.Add(1);
        if (_opens.MayWrite(out var count))
        {
            logger.OpenFailed(FailureWords.Of(failure), policy, FailureWords.RemedyOf(failure), count);
        }
    }

    /// <summary>A session could not be committed, and the response says so.</summary>
    public void CommitFailed(StoreFailure failure)
    {
        metrics.FailedCommits.Add(1);
        if (_commits.MayWrite(out var count))
        {
            logger.CommitFailed(FailureWords.Of(failure), FailureWords.RemedyOf(failure), count);
        }
    }

    /// <summary>A session could not be committed, and the client has its answer already.</summary>
    public void CommitAfterHeadersFailed(StoreFailure failure)
    {
        metrics.FailedCommits.Add(1);
        if (_commitsAfterHeaders.MayWrite(out var count))
        {
            logger.CommitAfterHeadersFailed(failure, count);
        }
    }

    /// <summary>A session was committed when the client had its answer already. An application that
    /// streams may do so with each request.</summary>
    public void CommittedAfterHeaders()
    {
        if (_lateCommits.MayWrite(out var count))
        {
            logger.CommittedAfterHeaders(count);
        }
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => logger.BeginScope(state);

    public bool IsEnabled(LogLevel logLevel) => logger.IsEnabled(logLevel);

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter
    ) => logger.Log(logLevel, eventId, state, exception, formatter);
}
