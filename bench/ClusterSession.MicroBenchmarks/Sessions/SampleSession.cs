using System.Security.Cryptography;
using System.Text;
using ClusterSession.Http.Cookies;
using ClusterSession.KeyRing;
using ClusterSession.Records;

namespace ClusterSession.MicroBenchmarks.Sessions;

/// <summary>A session as the benchmarks use it: 10 attributes, a0 a counter of 8 bytes.</summary>
internal sealed class SampleSession
{
    private static readonly RandomNumberGenerator Random = RandomNumberGenerator.Create();
    private static readonly HybridClock Clock = new(TimeProvider.System, HybridClock.NewWriter(Random));

    public SampleSession(int bytes = 500, int attributes = 10, int commits = 8)
    {
        Id = SessionId.New(Random);
        Key = SessionKey.Of(Id);
        using var builder = SessionRecordBuilder.Rent();
        builder.SetHeader(0, DateTimeOffset.UnixEpoch);
        var first = NextVersion();
        builder.AddCommit(first, 0);
        builder.Add("a0"u8, first, 0, new byte[8]);
        for (var i = 1; i < attributes; i++)
        {
            builder.Add(
                Encoding.UTF8.GetBytes($"a{i}"),
                first,
                0,
                RandomNumberGenerator.GetBytes((bytes - 8) / (attributes - 1))
            );
        }

        for (var i = 1; i < commits; i++)
        {
            builder.AddCommit(NextVersion(), first.Stamp);
        }

        Record = builder.Build();
        Ring = new SessionKeyRing([SessionKeyRing.NewKey(Random, DateTimeOffset.UnixEpoch)]);
        Cookie = SessionCookie.Write(Id, Record.Version, Ring.Keys[0]);
    }

    public SessionId Id { get; }

    public SessionKey Key { get; }

    public SessionRecord Record { get; }

    public SessionKeyRing Ring { get; }

    public string Cookie { get; }

    public static SessionVersion NextVersion() => Clock.Next();
}
