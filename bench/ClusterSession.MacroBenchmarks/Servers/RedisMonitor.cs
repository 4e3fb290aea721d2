namespace ClusterSession.MacroBenchmarks.Servers;

/// <summary>
/// Counts the commands that clients send, by MONITOR. The server's own counters add what scripts
/// call inside; here a script is one. It costs the server so much that it is used for counting
/// only, never while time is taken.
/// </summary>
/// <remarks>A line: <c>+1339518083.107412 [0 127.0.0.1:60866] "hgetall" "key"</c>; inside a script:
/// <c>[0 lua]</c>.</remarks>
internal sealed class RedisMonitor : IAsyncDisposable
{
    private readonly RedisTextClient _client;
    private readonly RedisTextClient _marker;
    private readonly string _end = "end-" + Guid.NewGuid().ToString("N");
    private readonly Dictionary<string, long> _counts = [];
    private readonly HashSet<string> _notCounted;
    private long _seen;
    private Task _reading = Task.CompletedTask;

    private RedisMonitor(int port, HashSet<string> notCounted)
    {
        _client = new RedisTextClient(port);
        _marker = new RedisTextClient(port);
        _notCounted = notCounted;
    }

    public static async Task<RedisMonitor> StartAsync(int port, HashSet<string> notCounted)
    {
        var monitor = new RedisMonitor(port, notCounted);
        await monitor._client.SendAsync("MONITOR");
        await monitor._client.ReadLineAsync();
        monitor._reading = monitor.ReadAsync();
        return monitor;
    }

    /// <summary>Stops, and answers with the commands seen.</summary>
    public async Task<IReadOnlyDictionary<string, long>> StopAsync()
    {
        // AddSession answers before it stores, so that the last commands come after the last
        // answer.
        for (
            var (seen, before) = (Volatile.Read(ref _seen), -1L);
            seen != before;
            (seen, before) = (Volatile.Read(ref _seen), seen)
        )
        {
            await Task.Delay(200);
        }

        // Everything before this one has been seen when this one is.
        await _marker.SendAsync("ECHO " + _end);
        await _reading;
        return _counts;
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        _marker.Dispose();
        await _reading;
    }

    private async Task ReadAsync()
    {
        try
        {
            while (await _client.ReadLineAsync() is { } line && !line.Contains(_end, StringComparison.Ordinal))
            {
                var from = line.IndexOf("] \"", StringComparison.Ordinal);
                if (from < 0 || line.AsSpan(0, from).EndsWith(" lua"))
                {
                    continue;
                }

                var name = line[(from + 3)..line.IndexOf('"', from + 3)].ToLowerInvariant();
                if (!_notCounted.Contains(name)) // Heartbeats never end: who waits for silence must not hear them.
                {
                    Interlocked.Increment(ref _seen);
                    _counts[name] = _counts.GetValueOrDefault(name) + 1;
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // Disposed without being stopped.
        }
    }
}
