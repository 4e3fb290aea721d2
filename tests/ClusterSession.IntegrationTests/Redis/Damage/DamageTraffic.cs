using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using ClusterSession.Records;
using ClusterSession.TestKit.Nodes;

namespace ClusterSession.IntegrationTests.Redis.Damage;

/// <summary>
/// Requests of sessions whose records are damaged one after the other, and beside them those of
/// others, of which each answer is checked. Each session has one client, which goes from node to
/// node.
/// </summary>
internal sealed class DamageTraffic(IReadOnlyList<TestNode> nodes, int seed)
{
    private const int Clients = 8;
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(5);
    private readonly List<Client> _healthy = [];
    private readonly List<Client> _damaged = [];
    private readonly ConcurrentDictionary<int, int> _answers = new();
    private long _checked;

    /// <summary>What went wrong with sessions that nobody has damaged.</summary>
    public ConcurrentQueue<string> Failures { get; } = new();

    /// <summary>How many records were damaged.</summary>
    public int DamageDone { get; private set; }

    public string Summary =>
        $"{Interlocked.Read(ref _checked)} requests of others beside {DamageDone} damages; those of "
        + $"damaged sessions: {string.Join(", ", _answers.OrderBy(one => one.Key).Select(one => $"{one.Key} {one.Value}"))}";

    public async Task BeginAsync(int healthy, int damaged)
    {
        foreach (var (list, count) in new[] { (_healthy, healthy), (_damaged, damaged) })
        {
            for (var i = 0; i < count; i++)
            {
                list.Add(await CreateAsync(i));
            }
        }
    }

    private async Task<Client> CreateAsync(int number)
    {
        var browser = nodes[number % nodes.Count].Browser();
        await browser.GetAsync("/set/n/0");
        await browser.GetAsync("/set/other/x");
        return browser.LastStatus == HttpStatusCode.OK
            ? new Client(browser)
            : throw new InvalidOperationException($"A new session was refused: {browser.LastStatus}.");
    }

    /// <summary>
    /// Damages all of the second kind within the first half, each again and again.
    /// </summary>
    public async Task RunAsync(TimeSpan time, RedisServer redis)
    {
        var clock = Stopwatch.StartNew();
        bool IsOver() => clock.Elapsed >= time;
        var workers = Enumerable
            .Range(0, Clients)
            .Select(number => Task.Run(() => ServeAsync(number, IsOver)))
            .Append(Task.Run(() => DamageAsync(redis, time, clock)))
            .Append(Task.Run(() => UseDamagedAsync(0, IsOver)))
            .Append(Task.Run(() => UseDamagedAsync(1, IsOver)));
        await Task.WhenAll(workers);
        foreach (var client in _healthy)
        {
            await CheckAsync(client, nodes[0]);
        }
    }

    private async Task ServeAsync(int number, Func<bool> isOver)
    {
        var random = new Random(seed + number);
        var mine = _healthy.Where((_, i) => i % Clients == number).ToArray();
        for (var i = 0; !isOver(); i++)
        {
            await CheckAsync(mine[i % mine.Length], nodes[random.Next(nodes.Count)], random.Next(4) == 0);
            await Task.Delay(1);
        }
    }

    private async Task CheckAsync(Client client, TestNode node, bool writes = false)
    {
        var browser = client.Browser;
        if (client.HasWaited)
        {
            // The machine was so busy that it may have expired.
            await browser.GetAsync($"/set/n/{client.Number}", node);
        }

        Interlocked.Increment(ref _checked);
        if (writes)
        {
            client.Number++;
            await browser.GetAsync($"/set/n/{client.Number}", node);
        }

        var answer = writes && browser.LastStatus != HttpStatusCode.OK ? "" : await browser.GetAsync("/get/n", node);
        if (browser.LastStatus != HttpStatusCode.OK || answer != client.Number.ToString(CultureInfo.InvariantCulture))
        {
            Failures.Enqueue($"{browser.LastStatus} '{answer}' instead of {client.Number}, write: {writes}");
            await browser.GetAsync($"/set/n/{client.Number}", node);
        }

        client.UsedAt = Stopwatch.GetTimestamp();
    }

    private async Task UseDamagedAsync(int number, Func<bool> isOver)
    {
        string[] paths =
        [
            "/get/n",
            "/get/other",
            "/set/n/5",
            "/set/other/y",
            "/remove/other",
            "/keys",
            "/rotate",
            "/destroy",
        ];
        var random = new Random(seed - 1 - number);
        while (!isOver())
        {
            var client = _damaged[random.Next(_damaged.Count)];
            var path = paths[random.Next(random.Next(20) == 0 ? paths.Length : paths.Length - 2)];
            var browser = client.Browser.Copy();
            await browser.GetAsync(path, nodes[random.Next(nodes.Count)]); // Whatever is answered, it is an answer.
            _answers.AddOrUpdate((int)browser.LastStatus, 1, static (_, count) => count + 1);
            await Task.Delay(1);
        }
    }

    private async Task DamageAsync(RedisServer redis, TimeSpan time, Stopwatch clock)
    {
        var random = new Random(seed - 1000);
        for (var i = 0; clock.Elapsed < time * 0.8 || DamageDone < _damaged.Count; i++)
        {
            var client = _damaged[i % _damaged.Count];
            var kind = random.Next(RecordDamage.Kinds.Count);
            if (RecordDamage.IsSlow(kind))
            {
                continue;
            }

            if (
                !await RecordDamage.DoAsync(
                    redis,
                    kind,
                    random.Next(),
                    client.Key,
                    _damaged[(i + 1) % _damaged.Count].Key
                )
            )
            {
                _damaged[i % _damaged.Count] = await CreateAsync(i);
                continue;
            }

            DamageDone++;
            var next = time * 0.5 * DamageDone / _damaged.Count;
            if (next > clock.Elapsed)
            {
                await Task.Delay(next - clock.Elapsed); // Spread over the first half.
            }
        }
    }

    private sealed class Client(TestBrowser browser)
    {
        public TestBrowser Browser { get; } = browser;

        public int Number { get; set; }

        public long UsedAt { get; set; } = Stopwatch.GetTimestamp();

        public bool HasWaited => Stopwatch.GetElapsedTime(UsedAt) > LongestWait;

        public string Key => SessionId.TryParse(Browser.Id!, out var id) ? SessionKey.Of(id).ToString() : "";
    }
}
