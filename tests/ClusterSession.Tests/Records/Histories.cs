using ClusterSession.Records;

namespace ClusterSession.Tests.Records;

/// <summary>
/// Copies of one session as a cluster can have them: each grew from another by commits with
/// versions of their own, so that one version always stands for one content.
/// </summary>
internal static class Histories
{
    public static readonly string[] Names =
    [
        "",
        "a",
        "b",
        "c",
        "naïve",
        "会話",
        "\U0001F600",
        "x\0y",
        "long" + new string('n', 300),
    ];

    public static List<SessionRecord> Copies(Random random, int count = 6, bool mayEnd = true)
    {
        var created = DateTimeOffset.FromUnixTimeMilliseconds(random.NextInt64(1_000_000, 2_000_000));
        var copies = new List<SessionRecord> { SessionRecord.New(created) };
        var stamp = 1000L;
        var issued = new long[4];
        while (copies.Count < count)
        {
            var from = copies[random.Next(copies.Count)];
            for (var commits = random.Next(1, 5); commits > 0 && !from.IsDestroyed; commits--)
            {
                stamp += random.Next(1, 5);
                var version = new SessionVersion(Math.Max(stamp, from.Version.Stamp + 1), random.Next(1, 4));
                from = Delta(random).ApplyTo(from, version, issued[version.Writer]);
                stamp = issued[version.Writer] = version.Stamp;
            }

            copies.Add(
                mayEnd && random.Next(12) == 0 ? Ended(from, ++stamp)
                : random.Next(3) == 0 ? SessionRecord.Merge(from, copies[random.Next(copies.Count)])
                : from
            );
        }

        return copies;
    }

    public static SessionDelta Delta(Random random)
    {
        var delta = new SessionDelta();
        for (var i = random.Next(4); i > 0; i--)
        {
            var name = Names[random.Next(Names.Length)];
            if (random.Next(3) == 0)
            {
                delta.Remove(name);
            }
            else
            {
                delta.Set(name, Value(random));
            }
        }

        return delta;
    }

    public static byte[] Value(Random random)
    {
        var value = new byte[random.Next(5) == 0 ? random.Next(250, 600) : random.Next(20)];
        random.NextBytes(value);
        return value;
    }

    private static SessionRecord Ended(SessionRecord record, long stamp)
    {
        using var builder = SessionRecordBuilder.Rent();
        builder.SetHeader(SessionRecord.DestroyedFlag, record.Created);
        builder.SetVersion(new SessionVersion(stamp, 9), SessionVersion.None);
        return builder.Build();
    }
}
