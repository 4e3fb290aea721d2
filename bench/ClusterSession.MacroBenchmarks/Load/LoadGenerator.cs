using System.Diagnostics;
using System.Text;

namespace ClusterSession.MacroBenchmarks.Load;

/// <summary>Sends requests over raw sockets from one thread and takes the time.</summary>
/// <remarks>
/// <code>
/// closed loop   a connection sends its next request when the last was answered: shows throughput. Its latency is flattered, because
///               a server that stalls is not asked meanwhile (coordinated omission).
/// open loop     request n is due at start + n / rate, and its latency counts from then, whether or not a connection was free:
///               what users see who do not wait for each other.
/// </code>
/// </remarks>
internal sealed class LoadGenerator : IDisposable
{
    private readonly LoadPlan _plan;
    private readonly Epoll _epoll = new();
    private readonly LoadConnection[] _connections;
    private readonly Stack<LoadConnection> _free = new();
    private readonly byte[][] _heads;
    private readonly int[] _next;
    private readonly LatencyHistogram _latency = new();
    private long _answered;
    private long _errors;
    private string? _firstError;
    private int _underWay;

    private LoadGenerator(LoadPlan plan)
    {
        _plan = plan;
        _next = new int[plan.IsSticky ? plan.Ports.Length : 1];
        _heads =
        [
            .. plan.Work.Paths.Select(path => Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: benchmark\r\n")),
        ];
        _connections = new LoadConnection[plan.Connections];
        for (var i = 0; i < _connections.Length; i++)
        {
            var node = i % plan.Ports.Length;
            _connections[i] = new LoadConnection(plan.Ports[node], node);
            _epoll.Watch(_connections[i].Descriptor, i);
        }
    }

    /// <summary>Runs a plan to its end on a thread of its own.</summary>
    public static Task<LoadResult> RunAsync(LoadPlan plan) =>
        Task.Factory.StartNew(
            () =>
            {
                using var generator = new LoadGenerator(plan);
                return plan.Rate > 0 ? generator.RunOpen() : generator.RunClosed();
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default
        );

    public void Dispose()
    {
        foreach (var connection in _connections)
        {
            connection?.Dispose();
        }

        _epoll.Dispose();
    }

    private LoadResult RunClosed()
    {
        var start = Stopwatch.GetTimestamp();
        var end = start + (long)(_plan.Duration.TotalSeconds * Stopwatch.Frequency);
        foreach (var connection in _connections)
        {
            TrySend(connection, Stopwatch.GetTimestamp());
        }

        var tags = new int[256];
        while (_underWay > 0)
        {
            var ready = _epoll.Wait(tags);
            FailIfStuck(end);
            for (var i = 0; i < ready; i++)
            {
                var connection = _connections[tags[i]];
                if (Receive(connection))
                {
                    var now = Stopwatch.GetTimestamp();
                    if (now < end)
                    {
                        TrySend(connection, now);
                    }
                }
            }
        }

        return Result(start, unsent: 0);
    }

    private LoadResult RunOpen()
    {
        var start = Stopwatch.GetTimestamp();
        var total = (long)(_plan.Rate * _plan.Duration.TotalSeconds);
        var interval = Stopwatch.Frequency / _plan.Rate;
        var end = start + (long)(_plan.Duration.TotalSeconds * Stopwatch.Frequency);
        foreach (var connection in _connections)
        {
            _free.Push(connection);
        }

        // A server that cannot keep up is given half a run more; what is unsent then is reported.
        var deadline = end + ((end - start) / 2);
        var sent = 0L;
        var wakeFor = -1L;
        var tags = new int[256];
        while (sent < total || _underWay > 0)
        {
            var now = Stopwatch.GetTimestamp();
            if (now > deadline)
            {
                if (_underWay == 0)
                {
                    break;
                }

                FailIfStuck(deadline);
            }

            while (sent < total && now <= deadline && _free.Count > 0 && start + (long)(sent * interval) <= now)
            {
                TrySend(_free.Pop(), start + (long)(sent * interval));
                sent++;
            }

            if (sent < total && _free.Count > 0 && wakeFor != sent)
            {
                wakeFor = sent;
                _epoll.WakeAfter(Math.Max(1, start + (long)(sent * interval) - Stopwatch.GetTimestamp()));
            }

            var ready = _epoll.Wait(tags);
            for (var i = 0; i < ready; i++)
            {
                var connection = _connections[tags[i]];
                if (Receive(connection))
                {
                    _free.Push(connection);
                }
            }
        }

        return Result(start, total - sent);
    }

    private void TrySend(LoadConnection connection, long intended)
    {
        var work = _plan.Work;
        ref var next = ref _next[_plan.IsSticky ? connection.Node : 0];
        while (true)
        {
            if (next == work.Client.Length)
            {
                if (!work.IsEndless)
                {
                    return;
                }

                next = 0;
            }

            var client = work.Client[next];
            var path = work.Path[next];
            next++;
            if (!_plan.IsSticky || client % _plan.Ports.Length == connection.Node)
            {
                connection.Send(client, _heads[path], _plan.Clients.Cookie(client), intended);
                _underWay++;
                return;
            }
        }
    }

    private bool Receive(LoadConnection connection)
    {
        if (!connection.TryReceive(out var status, out var setCookie))
        {
            return false;
        }

        _latency.Record((long)((Stopwatch.GetTimestamp() - connection.Intended) * (1e9 / Stopwatch.Frequency)));
        _answered++;
        _underWay--;
        if (status != 200)
        {
            _errors++;
            _firstError ??= connection.Answered();
        }

        if (!setCookie.IsEmpty)
        {
            _plan.Clients.Accept(connection.Client, setCookie);
        }

        return true;
    }

    private void FailIfStuck(long end)
    {
        if (Stopwatch.GetElapsedTime(end) > TimeSpan.FromSeconds(30))
        {
            throw new TimeoutException($"{_underWay} requests were not answered within 30 s after the end of the run.");
        }
    }

    private LoadResult Result(long start, long unsent) =>
        new(_answered, _errors, unsent, Stopwatch.GetElapsedTime(start), _latency, _firstError);
}
