using System.Diagnostics.Metrics;
using ClusterSession.Diagnostics;
using ClusterSession.Lifetime;
using ClusterSession.Local;
using ClusterSession.Records;
using ClusterSession.TestKit.Logging;
using ClusterSession.TestKit.Metrics;
using ClusterSession.TestKit.Sessions;
using ClusterSession.TestKit.Time;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace ClusterSession.Tests.Local;

public sealed class KnownEndsTests : IDisposable
{
    private const long Mine = 10;
    private const long Theirs = 11;

    private readonly ManualTimeProvider _time = new();
    private readonly CapturedLogs _logs = new();
    private readonly ServiceProvider _services;
    private readonly SessionLifetime _lifetime;
    private readonly KnownEnds _ends;

    public KnownEndsTests()
    {
        _services = new ServiceCollection()
            .AddMetrics()
            .AddLogging(logging => logging.AddProvider(_logs))
            .BuildServiceProvider();
        _lifetime = new SessionLifetime(
            Microsoft.Extensions.Options.Options.Create(new ClusterSessionOptions()),
            _time
        );
        _ends = new KnownEnds(
            new HybridClock(_time, Mine),
            _lifetime,
            _time,
            new SessionMetrics(_services.GetRequiredService<IMeterFactory>()),
            _services.GetRequiredService<ILogger<KnownEnds>>()
        );
    }

    public void Dispose() => _services.Dispose();

    [Fact]
    public void Announcement_is_written_as_the_page_of_wire_formats_says()
    {
        var key = SessionKeys.From(Convert.FromHexString("000102030405060708090A0B0C0D0E0F"));
        var successor = new SessionSuccessor(SessionKeys.From(new byte[16]), Seal: null, IsOthers: true);
        var bytes = EndBatch.Write([
            (key, new SessionEnd(new SessionVersion(0x30, 0x0A))),
            (key, new SessionEnd(new SessionVersion(0x31, 0x0A), successor)),
        ]);
        Assert.Equal(
            "01"
                + "000102030405060708090A0B0C0D0E0F"
                + "00000000000030"
                + "00000000000A"
                + "00"
                + "000102030405060708090A0B0C0D0E0F"
                + "00000000000031"
                + "00000000000A"
                + "17"
                + Convert.ToHexString("AAAAAAAAAAAAAAAAAAAAAA!"u8),
            Convert.ToHexString(bytes)
        );
        var read = EndBatch.TryRead(bytes, 0)!;
        Assert.Equal([1, 31], read.Keys().Select(end => end.At));
        Assert.Equal((successor, 0x31L), (read.End(31).Successor, read.End(31).Version.Stamp));
    }

    [Fact]
    public void Announcement_of_another_format_or_cut_at_any_byte_is_refused_or_has_fewer_ends()
    {
        var bytes = EndBatch.Write([
            .. Enumerable
                .Range(0, 3)
                .Select(_ =>
                    (
                        SessionKeys.New(),
                        new SessionEnd(new SessionVersion(1, Theirs), new SessionSuccessor(SessionKeys.New()))
                    )
                ),
        ]);
        var length = (bytes.Length - 1) / 3;
        for (var cut = 0; cut < bytes.Length; cut++)
        {
            Assert.Equal(cut % length == 1, EndBatch.TryRead(bytes.AsMemory(0, cut), 0) is not null);
        }

        bytes[0] = 2;
        Assert.False(_ends.TryHear(Theirs, 1, bytes, _lifetime.TombstoneLife, out _));
        Assert.Equal(0, _ends.Count);
    }

    [Fact]
    public void What_ends_before_it_is_announced_goes_together_a_thousand_at_most()
    {
        var keys = Enumerable.Range(0, 2_500).Select(_ => SessionKeys.New()).ToList();
        keys.ForEach(key => _ends.Add(key, new SessionEnd(new SessionVersion(1, Mine))));
        var announced = _ends.Announce();
        Assert.Equal([1000, 1000, 500], announced.Select(batch => batch.Keys().Count()));
        Assert.Equal([1, 2, 3], announced.Select(batch => batch.Number));
        Assert.Empty(_ends.Announce());
        Assert.Equal(keys.ToHashSet(), announced.SelectMany(batch => batch.Keys()).Select(end => end.Key).ToHashSet());
    }

    [Fact]
    public void End_is_forgotten_when_its_tombstone_is_also_where_it_was_heard_of_late()
    {
        var (own, heard) = (SessionKeys.New(), SessionKeys.New());
        _ends.Add(own, new SessionEnd(new SessionVersion(1, Mine)));
        var payload = EndBatch.Write([(heard, new SessionEnd(new SessionVersion(1, Theirs)))]);
        Assert.True(_ends.TryHear(Theirs, 1, payload, _lifetime.TombstoneLife / 2, out var keys));
        Assert.Equal([heard], keys);
        Assert.True(_ends.TryHear(Theirs, 1, payload, _lifetime.TombstoneLife, out keys));
        Assert.Empty(keys);
        Assert.True(_ends.TryFind(heard, out _, out var age));
        Assert.Equal(_lifetime.TombstoneLife / 2, age);

        _time.Advance((_lifetime.TombstoneLife / 2) + TimeSpan.FromSeconds(1));
        _ends.Forget();
        Assert.False(_ends.Contains(heard));
        Assert.True(_ends.Contains(own));
        Assert.True(_ends.HasOwn);
        _ends.Acknowledged(own);
        _time.Advance((_lifetime.TombstoneLife / 2) + TimeSpan.FromSeconds(1));
        _ends.Forget();
        Assert.True(_ends.Contains(own), "the store has been given it again");
        _time.Advance(_lifetime.TombstoneLife);
        _ends.Forget();
        Assert.Equal((0, false), (_ends.Count, _ends.HasOwn));
    }

    [Fact]
    public void Only_own_ends_are_replayed_and_those_that_are_in_doubt()
    {
        var (before, since) = (SessionKeys.New(), SessionKeys.New());
        _ends.Add(before, new SessionEnd(new SessionVersion(1, Mine)));
        _time.Advance(TimeSpan.FromSeconds(1));
        var safeUntil = _time.GetTimestamp();
        _ends.Add(since, new SessionEnd(new SessionVersion(2, Mine)));
        _ends.TryHear(
            Theirs,
            1,
            EndBatch.Write([(SessionKeys.New(), new SessionEnd(new SessionVersion(3, Theirs)))]),
            _lifetime.TombstoneLife,
            out _
        );
        Assert.Equal([since], _ends.Own(safeUntil).Select(end => end.Key));
        Assert.Equal(2, _ends.Own(long.MinValue).Count());
    }

    [Fact]
    public void Past_the_limit_the_oldest_are_forgotten_counted_and_warned_of_once()
    {
        using var forgotten = new CounterReading(_services, "clustersession.ends.forgotten");
        _ends.Limit = 10;
        var keys = Enumerable.Range(0, 15).Select(_ => SessionKeys.New()).ToList();
        foreach (var key in keys)
        {
            _ends.Add(key, new SessionEnd(new SessionVersion(1, Mine)));
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal((10, 5L, 1), (_ends.Count, forgotten.Value, _logs.Count("EndsForgotten")));
        Assert.Equal(keys[5..], keys.Where(_ends.Contains));
    }
}
