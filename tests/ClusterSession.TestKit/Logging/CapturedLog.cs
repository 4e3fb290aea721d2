using Microsoft.Extensions.Logging;

namespace ClusterSession.TestKit.Logging;

/// <summary>One log message, whole.</summary>
public sealed record CapturedLog(string Category, LogLevel Level, EventId Event, string Text);
