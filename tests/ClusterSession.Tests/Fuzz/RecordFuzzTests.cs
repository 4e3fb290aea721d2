using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ClusterSession.DataProtection;
using ClusterSession.KeyRing;
using ClusterSession.Records;
using ClusterSession.Redis;
using ClusterSession.Redis.Protocol;
using ClusterSession.Redis.Requests;
using ClusterSession.Redis.Scripts;
using ClusterSession.Revoking;
using ClusterSession.Stores;
using ClusterSession.TestKit.Sessions;
using ClusterSession.Tests.Redis.Connection;
using Xunit;

namespace ClusterSession.Tests.Fuzz;

[Collection(FuzzCollection.Name)]
public sealed class RecordFuzzTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Stored_record_is_read_or_refused_and_never_taken_for_no_session()
    {
        await using var scripted = await ScriptedConnection.OpenAsync();
        var run = new FuzzRun(output, "records.txt", normally: 100_000, atLength: 1_000_000);
        var leases = new CopyLeases(TimeSpan.FromMinutes(1));
        var keys = new RedisKeys("cs");
        var outcomes = new Dictionary<string, int>();
        var foreign = 0;
        for (var round = 0; round < run.Rounds; round++)
        {
            var key = SessionKeys.New();
            var (reply, isForeign) = Reply(run, key);
            var request = new ReadRequest(keys, key, SessionVersion.None, leases) { Connection = scripted.Connection };
            var reading = request.Completion;
            var outcome = "";
            try
            {
                Parse(request, reply);
                var read = await reading;
                outcome = read.Outcome.ToString();
                Assert.NotEqual(StoreReadOutcome.Missing, read.Outcome);
                Assert.True(!isForeign || read.Failure == StoreFailure.Damaged, "a record of another key is damaged");
                foreign += isForeign ? 1 : 0;
                if (read.Outcome == StoreReadOutcome.Found)
                {
                    Use(read.Record!);
                }
            }
            catch (Exception refusal) when (refusal is RespProtocolException or RedisUnreadableReplyException)
            {
                outcome = refusal.GetType().Name;
            }

            outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + 1;
        }

        output.WriteLine($"{string.Join(", ", outcomes)}; of {foreign} of another key none was used");
        Assert.True(
            outcomes.Keys.ToHashSet().IsSupersetOf(["Found", "Destroyed", "Unavailable"]),
            "each outcome was drawn"
        );
        Assert.InRange(foreign, 1, run.Rounds);
        run.CheckMemory();
    }

    [Fact]
    public void Shared_value_is_read_or_refused()
    {
        var run = new FuzzRun(output, "shared.txt", normally: 100_000, atLength: 1_000_000);
        var read = 0;
        var keys = new StoredKeys("", seal: null);
        for (var round = 0; round < run.Rounds; round++)
        {
            var bytes = run.Draw();
            read += keys.Read(bytes) is null ? 0 : 1;
            read += Revocation.TryRead(new DocumentElement(bytes, 1, default, default), out _) ? 1 : 0;
            var id = bytes.Length > 0 ? SHA256.HashData(bytes.AsSpan(1)).AsMemory(0, 16) : default;
            if (XmlElements.Read([new DocumentElement(id, 1, bytes, TimeSpan.MaxValue)]) is { } elements)
            {
                Assert.True(XmlElements.Read(elements.Beyond(XmlElements.Empty))!.IsSameAs(elements));
                read++;
            }
        }

        output.WriteLine($"{read} read");
        Assert.InRange(read, 1, 3 * run.Rounds);
        run.CheckMemory();
    }

    private static void Parse(ReadRequest request, byte[] reply)
    {
        Assert.Equal(reply.Length, new RespScanner(RespLimits.Default).Scan(reply));
        var reader = new RespReader(reply);
        request.ParseReply(ref reader);
    }

    /// <summary>What was let pass can be used.</summary>
    private static void Use(SessionRecord record)
    {
        var other = new SessionDelta();
        other.Set("other", [1]);
        Assert.True(record.ContainsAllOf(record));
        foreach (var attribute in record)
        {
            _ = attribute.NameUtf8.Length + attribute.Payload.Length + attribute.Version.Stamp;
        }

        _ = SessionRecord
            .Merge(record, other.ApplyTo(record, new SessionVersion(SessionVersion.MaxStamp, 5)))
            .AttributeCount;
    }

    /// <summary>The answer of read.lua, of fields and values whose bytes are damaged and whose
    /// lengths are right: as a server sends it.</summary>
    private static (byte[] Reply, bool IsForeign) Reply(FuzzRun run, SessionKey key)
    {
        var random = run.Random;
        var parts = new List<byte[]>();
        var isForeign = false;
        if (random.Next(4) > 0)
        {
            var mark = new byte[sizeof(ulong)];
            BinaryPrimitives.WriteUInt64BigEndian(mark, key.Mark);
            var found = MaybeDamaged(run, mark);
            isForeign = !found.AsSpan().SequenceEqual(mark);
            parts.AddRange(["k"u8.ToArray(), found]);
        }

        if (random.Next(10) > 0)
        {
            parts.AddRange(["m"u8.ToArray(), MaybeDamaged(run, Header(random))]);
        }

        for (var left = random.Next(6); left > 0; left--)
        {
            var name = Encoding.UTF8.GetBytes(
                "a" + (random.Next(3) == 0 ? "" : random.Next(9).ToString(CultureInfo.InvariantCulture))
            );
            var value = new byte[14 + (random.Next(8) == 0 ? random.Next(400) : random.Next(20))];
            random.NextBytes(value);
            value[0] = 0;
            parts.AddRange([MaybeDamaged(run, name), random.Next(4) == 0 ? run.Draw() : MaybeDamaged(run, value)]);
        }

        var life = random.Next(6) switch
        {
            0 => random.NextInt64(long.MinValue, long.MaxValue),
            1 => long.MaxValue,
            2 => -1,
            _ => random.Next(),
        };
        var count = parts.Count + 1 + (random.Next(50) == 0 ? 1 : 0);
        using var bytes = new MemoryStream();
        Write(bytes, $"*{count}\r\n");
        foreach (var part in parts.Concat(Enumerable.Repeat(Array.Empty<byte>(), count - parts.Count - 1)))
        {
            Write(bytes, $"${part.Length}\r\n");
            bytes.Write(part);
            Write(bytes, "\r\n");
        }

        Write(bytes, string.Create(CultureInfo.InvariantCulture, $":{life}\r\n"));
        return (bytes.ToArray(), isForeign);
    }

    private static byte[] Header(Random random) => random.Next(3) == 0 ? FormerHeader(random) : NewHeader(random);

    private static byte[] NewHeader(Random random)
    {
        var intervals = random.Next(5);
        var header = new byte[RedisKeys.HeaderFixedLength + (RedisKeys.IntervalLength * intervals)];
        random.NextBytes(header);
        header[RedisKeys.VersionOffset] = header[RedisKeys.PreviousOffset] = header[RedisKeys.ForgottenOffset] = 0;
        for (var i = 0; i < intervals; i++)
        {
            var interval = header.AsSpan(RedisKeys.HeaderFixedLength + (RedisKeys.IntervalLength * i));
            (interval[0], interval[7], interval[1]) = (0, 0, (byte)Math.Min(interval[1], interval[8]));
        }

        WriteBeginning(header, RedisKeys.Format, random);
        return header;
    }

    private static byte[] FormerHeader(Random random)
    {
        var lineage = random.Next(5);
        var header = new byte[11 + (13 * lineage)];
        random.NextBytes(header.AsSpan(11));
        for (var i = 0; i < lineage; i++)
        {
            header[11 + (13 * i)] = 0;
        }

        WriteBeginning(header, RedisKeys.FormerFormat, random);
        header[10] = (byte)lineage;
        return header;
    }

    private static void WriteBeginning(byte[] header, byte format, Random random)
    {
        header[0] = format;
        header[1] = (byte)(random.Next(10) == 0 ? 1 : 0);
        BinaryPrimitives.WriteInt64BigEndian(header.AsSpan(2), random.NextInt64(253402300799999));
    }

    private static byte[] MaybeDamaged(FuzzRun run, byte[] bytes) =>
        run.Random.Next(4) == 0 ? run.Damage(bytes, 2) : bytes;

    private static void Write(MemoryStream bytes, string text) => bytes.Write(Encoding.ASCII.GetBytes(text));
}
