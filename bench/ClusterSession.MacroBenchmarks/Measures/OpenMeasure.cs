using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using ClusterSession.Http.Cookies;
using ClusterSession.KeyRing;
using ClusterSession.Local;
using ClusterSession.MacroBenchmarks.Application;
using ClusterSession.MacroBenchmarks.Comparison;
using ClusterSession.Opening;
using ClusterSession.Records;
using ClusterSession.Stores;
using Microsoft.Extensions.DependencyInjection;

namespace ClusterSession.MacroBenchmarks.Measures;

/// <summary>
/// A number of local copies in this process: their memory, and the time from a cookie to an
/// attribute of one drawn at random.
/// </summary>
internal sealed class OpenMeasure : IDisposable
{
    private const int Opens = 1 << 17;

    private readonly ServiceProvider _provider;
    private readonly SessionKeyRing _ring;
    private readonly string[] _headers = new string[Opens];
    private readonly List<double> _passes = [];

    public OpenMeasure(int number)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddClusterSession(options =>
        {
            options.LocalCopies.MaxCount = 10_000_000;
            options.LocalCopies.MaxBytes = 8L << 30;
        });
        _provider = services.BuildServiceProvider();
        using var random = RandomNumberGenerator.Create();
        _ring = new SessionKeyRing([SessionKeyRing.NewKey(random, DateTimeOffset.UnixEpoch)]);
        var clock = new HybridClock(TimeProvider.System, HybridClock.NewWriter(random));
        var cookies = new string[number];
        var keys = new SessionKey[number];
        var versions = new SessionVersion[number];
        for (var i = 0; i < number; i++)
        {
            var id = SessionId.New(random);
            versions[i] = clock.Next();
            keys[i] = SessionKey.Of(id);
            cookies[i] = ".ClusterSession=" + SessionCookie.Write(id, versions[i], _ring.Keys[0]);
        }

        Number = number;
        (PayloadBytes, Bytes) = Fill(keys, versions);

        // Copied in the order of their use: a request's header comes out of the socket just before,
        // and is not looked for in memory.
        var order = new Random(1);
        for (var i = 0; i < Opens; i++)
        {
            _headers[i] = new string(cookies[order.Next(number)].AsSpan());
        }
    }

    public int Number { get; }

    /// <summary>Names and values of one session.</summary>
    public double PayloadBytes { get; }

    /// <summary>Managed memory of all copies.</summary>
    public double Bytes { get; }

    public Figure OpenNanoseconds => Figure.Of(_passes);

    public void Dispose() => _provider.Dispose();

    /// <summary>Opens some, once.</summary>
    public void Pass(bool isWarmUp)
    {
        var opener = _provider.GetRequiredService<SessionOpener>();
        var found = 0;
        var start = Stopwatch.GetTimestamp();
        foreach (var header in _headers)
        {
            var values = new CookieValues(header, ".ClusterSession");
            values.MoveNext();
            var cookie = SessionCookie.Read(values.Current, _ring);
            if (
                opener.TryOpenLocal(SessionKey.Of(cookie.Id), cookie.Seen, out var copy)
                && copy.Record.TryFind(SessionProfile.Read, out var attribute)
            )
            {
                found += attribute.Exists ? 1 : 0;
            }
        }

        var elapsed = Stopwatch.GetElapsedTime(start);
        if (found != Opens)
        {
            throw new InvalidOperationException($"{found} of {Opens} sessions were found.");
        }

        if (!isWarmUp)
        {
            _passes.Add(elapsed.TotalNanoseconds / Opens);
        }
    }

    private (double Payload, double Bytes) Fill(SessionKey[] keys, SessionVersion[] versions)
    {
        var copies = _provider.GetRequiredService<LocalCopies>();
        var values = SessionProfile
            .Small.NewValues()
            .Select(value => (Name: Encoding.UTF8.GetBytes(value.Name), value.Value))
            .ToArray();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < keys.Length; i++)
        {
            using var builder = SessionRecordBuilder.Rent();
            builder.SetHeader(0, DateTimeOffset.UnixEpoch);
            builder.AddCommit(versions[i]);
            foreach (var (name, value) in values)
            {
                builder.Add(name, versions[i], 0, value);
            }

            copies.Publish(keys[i], builder.Build(), SessionLease.Always, copies.Mark(keys[i]), copies.Clock.Now);
        }

        var bytes = GC.GetTotalMemory(forceFullCollection: true) - before;
        return copies.Count == keys.Length
            ? (values.Sum(value => value.Name.Length + value.Value.Length), bytes)
            : throw new InvalidOperationException($"{copies.Count} of {keys.Length} copies are there.");
    }
}
