using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using ClusterSession.Redis.Connection.Fencing;

namespace ClusterSession.ChaosTests.Agents;

/// <summary>
/// Writers without sessions, copies or journals: each write is a key of its own, behind the same
/// lines of Lua as a commit, and goes to whomever the address leads to. What they count happened at
/// Redis.
/// </summary>
internal sealed class FencedWriters : IAsyncDisposable
{
    private const string Keys = AgentSite.KeyPrefix + ":written:";
    private const int Connections = 4;
    private const int TicksPerSecond = 100;

    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<Write> _accepted = new();
    private readonly IPEndPoint _address;
    private readonly string _name;
    private readonly Task _running;
    private long _refused;
    private long _shutOut;
    private long _next;

    private FencedWriters(IPEndPoint address, string name, int perSecond)
    {
        (_address, _name) = (address, name);
        _running = Task.WhenAll(
            Enumerable
                .Range(0, Connections)
                .Select(_ => Task.Run(() => RunAsync(Math.Max(1, perSecond / Connections / TicksPerSecond))))
        );
    }

    /// <summary>
    /// A write that was acknowledged: when the answer was read, and by which process.
    /// </summary>
    public readonly record struct Write(long At, string Key, string RunId);

    /// <summary>All acknowledged writes, in about the order of their answers.</summary>
    public IReadOnlyCollection<Write> Accepted => _accepted;

    /// <summary>How many were answered with FENCED.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>Whether a key was written so.</summary>
    public static bool IsOne(string key) => key.StartsWith(Keys, StringComparison.Ordinal);

    /// <summary>Begins to write.</summary>
    /// <param name="address">HAProxy, or one Redis.</param>
    /// <param name="name">Stands in the keys.</param>
    /// <param name="perSecond">How many writes a second, about.</param>
    public static FencedWriters Start(IPEndPoint address, string name, int perSecond = 400) =>
        new(address, name, perSecond);

    /// <summary>Begins to write past HAProxy.</summary>
    public static FencedWriters Start(SiteMember member, string name, int perSecond = 400) =>
        Start(new IPEndPoint(IPAddress.Parse(member.Redis.Host), member.Redis.Port), name, perSecond);

    /// <summary>Waits until so many more were acknowledged.</summary>
    public Task AcceptedAsync(int more = 100)
    {
        var until = _accepted.Count + more;
        return Condition.HoldsAsync(
            () => _accepted.Count >= until,
            $"{more} more writes are accepted",
            TimeSpan.FromSeconds(60)
        );
    }

    /// <summary>
    /// Waits until so many more were refused: by the fence of a lease that is over, or because the
    /// agent closed its Redis before that and lets nobody in.
    /// </summary>
    public Task RefusedAsync(int more = 20)
    {
        var until = Refused + Interlocked.Read(ref _shutOut) + more;
        return Condition.HoldsAsync(
            () => Refused + Interlocked.Read(ref _shutOut) >= until,
            $"{more} more writes are refused",
            TimeSpan.FromSeconds(60)
        );
    }

    /// <summary>Ends the writing; an answer that is under way is waited for.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
    }

    /// <summary>The acknowledged writes that this Redis does not have.</summary>
    public async Task<IReadOnlyList<Write>> MissingAsync(SiteMember member)
    {
        using var client = await member.ConnectAsync();
        var missing = new List<Write>();
        foreach (var some in _accepted.Chunk(500))
        {
            string[] keys = [.. some.Select(write => write.Key)];
            if (await client.CommandAsync(["EXISTS", .. keys]) == some.Length.ToString(CultureInfo.InvariantCulture))
            {
                continue;
            }

            foreach (var write in some)
            {
                if (await client.CommandAsync("EXISTS", write.Key) != "1")
                {
                    missing.Add(write);
                }
            }
        }

        return missing;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    private async Task RunAsync(int batch)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await WriteAsync(batch);
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
            {
                await Task.Delay(Pause); // Connect again, as a client does.
            }
        }
    }

    private async Task WriteAsync(int batch)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
        {
            NoDelay = true,
        };
        using (var deadline = new CancellationTokenSource(Patience))
        {
            await socket.ConnectAsync(_address, deadline.Token);
        }

        await using var stream = new NetworkStream(socket);
        using var reader = new StreamReader(stream, Encoding.ASCII);
        await SendAsync(
            stream,
            Command("AUTH", AgentSite.NodeUser, AgentSite.NodePassword) + Command("INFO", "server")
        );
        var greeting = await LineAsync(reader);
        if (greeting.StartsWith("-WRONGPASS", StringComparison.Ordinal))
        {
            Interlocked.Increment(ref _shutOut);
        }

        Expect(greeting, "+OK");
        var length = int.Parse((await LineAsync(reader)).AsSpan(1), CultureInfo.InvariantCulture);
        var info = new char[length + 2];
        using (var deadline = new CancellationTokenSource(Patience))
        {
            await reader.ReadBlockAsync(info, deadline.Token);
        }

        var runId = new string(info).Split("\r\n").First(line => line.StartsWith("run_id:", StringComparison.Ordinal))[
            "run_id:".Length..
        ];
        var script =
            new LeaseGate(Encoding.ASCII.GetBytes(AgentSite.LeaseKey), runId, new LeaseEpochs()).Lua
            + "return redis.call('SET', KEYS[1], ARGV[1])";
        var clock = Stopwatch.StartNew();
        for (var tick = 1; !_stop.IsCancellationRequested; tick++)
        {
            string[] keys = [.. Enumerable.Range(0, batch).Select(_ => NextKey())];
            await SendAsync(stream, string.Concat(keys.Select(key => Command("EVAL", script, "1", key, "1"))));
            foreach (var key in keys)
            {
                var answer = await LineAsync(reader);
                if (answer == "+OK")
                {
                    _accepted.Enqueue(new Write(Stopwatch.GetTimestamp(), key, runId));
                }
                else
                {
                    Expect(answer, "-FENCED");
                    Interlocked.Increment(ref _refused);
                }
            }

            var ahead = TimeSpan.FromSeconds((double)tick / TicksPerSecond) - clock.Elapsed;
            if (ahead > TimeSpan.Zero)
            {
                await Task.Delay(ahead);
            }
        }
    }

    private string NextKey() =>
        string.Create(CultureInfo.InvariantCulture, $"{Keys}{_name}:{Interlocked.Increment(ref _next)}");

    private static void Expect(string answer, string beginning)
    {
        if (!answer.StartsWith(beginning, StringComparison.Ordinal))
        {
            throw new IOException($"Answered with {answer}.");
        }
    }

    private static async Task SendAsync(NetworkStream stream, string commands)
    {
        using var deadline = new CancellationTokenSource(Patience);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(commands), deadline.Token);
    }

    private static async Task<string> LineAsync(StreamReader reader)
    {
        using var deadline = new CancellationTokenSource(Patience);
        return await reader.ReadLineAsync(deadline.Token) ?? throw new IOException("The connection has ended.");
    }

    private static string Command(params string[] words) =>
        string.Concat(
            words
                .Select(word => string.Create(CultureInfo.InvariantCulture, $"${word.Length}\r\n{word}\r\n"))
                .Prepend(string.Create(CultureInfo.InvariantCulture, $"*{words.Length}\r\n"))
        );
}
