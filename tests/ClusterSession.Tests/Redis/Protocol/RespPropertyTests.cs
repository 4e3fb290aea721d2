using System.Globalization;
using System.Text;
using ClusterSession.Redis.Protocol;
using ClusterSession.Transport.Pipelines;
using Xunit;

namespace ClusterSession.Tests.Redis.Protocol;

/// <summary>Random commands and replies; each test prints its seed.</summary>
public sealed class RespPropertyTests(ITestOutputHelper output)
{
    [Fact]
    public void What_is_written_is_what_is_read()
    {
        var random = Seeded();
        for (var round = 0; round < 2000; round++)
        {
            var words = Enumerable
                .Range(0, random.Next(1, 8))
                .Select(_ => RandomBytes(random, random.Next(3) == 0 ? 5000 : 12))
                .ToArray();
            using var buffer = new SendBuffer();
            var writer = new RespWriter(buffer);
            writer.WriteCommand(words[0], words.Length - 1);
            foreach (var word in words.Skip(1))
            {
                writer.WriteBulk(word);
            }

            Assert.Equal(buffer.Length, new RespScanner(RespLimits.Default).Scan(buffer.Written.Span));
            var reader = new RespReader(buffer.Written.Span);
            Assert.Equal(words.Length, reader.ReadArray());
            foreach (var word in words)
            {
                Assert.True(reader.ReadBytes().SequenceEqual(word));
            }
        }
    }

    [Fact]
    public void Random_replies_in_random_pieces_are_read_as_a_slow_parser_reads_them()
    {
        var random = Seeded();
        for (var round = 0; round < 2000; round++)
        {
            var raw = new StringBuilder();
            var meaning = Write(raw, random, 0);
            var bytes = RespText.Bytes(raw.ToString());
            var scanner = new RespScanner(RespLimits.Default);
            for (var have = 0; have < bytes.Length; have += random.Next(1, 40))
            {
                Assert.Equal(0, scanner.Scan(bytes.AsSpan(0, have)));
            }

            Assert.Equal(bytes.Length, scanner.Scan(bytes));
            Assert.Equal(meaning, RespText.ShowFrame(bytes));
        }
    }

    [Fact]
    public void Damaged_replies_are_read_or_refused_but_never_anything_else()
    {
        var random = Seeded();
        var refused = 0;
        var limits = new RespLimits(MaxFrameBytes: 1 << 20);
        for (var round = 0; round < 20_000; round++)
        {
            var raw = new StringBuilder();
            Write(raw, random, 0);
            var bytes = RespText.Bytes(raw.ToString());
            for (var damage = random.Next(1, 4); damage > 0; damage--)
            {
                bytes[random.Next(bytes.Length)] = (byte)(
                    random.Next(2) == 0 ? random.Next(256) : "+-:$*_#,(!=%~>|\r\n0123456789"[random.Next(26)]
                );
            }

            try
            {
                // A frame that the scanner lets pass must be readable to its end without any
                // exception but a type's.
                _ = RespText.Show(bytes, limits);
            }
            catch (RespProtocolException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 1000, 19_999);
    }

    private static string Write(StringBuilder raw, Random random, int depth)
    {
        switch (random.Next(depth < 4 ? 13 : 9))
        {
            case 0:
                var number = random.NextInt64(long.MinValue, long.MaxValue);
                raw.Append(CultureInfo.InvariantCulture, $":{number}\r\n");
                return FormattableString.Invariant($"int {number}");
            case 1:
                var line = Line(random);
                raw.Append(CultureInfo.InvariantCulture, $"+{line}\r\n");
                return "SimpleString " + line;
            case 2:
                var error = Line(random);
                raw.Append(CultureInfo.InvariantCulture, $"-{error}\r\n");
                return "SimpleError " + error;
            case 3:
                raw.Append(
                    random.Next(3) switch
                    {
                        0 => "_\r\n",
                        1 => "$-1\r\n",
                        _ => "*-1\r\n",
                    }
                );
                return "null";
            case 4:
                var truth = random.Next(2) == 0;
                raw.Append(truth ? "#t\r\n" : "#f\r\n");
                return truth ? "true" : "false";
            case 5:
                var real = Math.Round((random.NextDouble() - 0.5) * 1e6, 3);
                raw.Append(CultureInfo.InvariantCulture, $",{real}\r\n");
                return FormattableString.Invariant($"double {real}");
            case 6:
                var verbatim = Encoding.Latin1.GetString(RandomBytes(random, 20));
                raw.Append(CultureInfo.InvariantCulture, $"={verbatim.Length + 4}\r\ntxt:{verbatim}\r\n");
                return "VerbatimString " + verbatim;
            case 7 or 8:
                var bulk = Encoding.Latin1.GetString(RandomBytes(random, 200));
                raw.Append(CultureInfo.InvariantCulture, $"${bulk.Length}\r\n{bulk}\r\n");
                return "BulkString " + bulk;
            case 9:
                raw.Append("|1\r\n");
                Write(raw, random, depth + 1);
                Write(raw, random, depth + 1);
                return Write(raw, random, depth + 1);
            case 10:
                return Aggregate(raw, random, depth, "%", 2, "Map");
            case 11:
                return Aggregate(raw, random, depth, "~", 1, "Set");
            default:
                return Aggregate(raw, random, depth, "*", 1, "Array");
        }
    }

    private static string Aggregate(StringBuilder raw, Random random, int depth, string type, int per, string name)
    {
        var count = random.Next(5);
        raw.Append(CultureInfo.InvariantCulture, $"{type}{count}\r\n");
        return $"{name}[{string.Join(", ", Enumerable.Range(0, count * per).Select(_ => Write(raw, random, depth + 1)).ToArray())}]";
    }

    private static string Line(Random random) =>
        Encoding.Latin1.GetString(RandomBytes(random, 30)).Replace('\r', ' ').Replace('\n', ' ');

    private static byte[] RandomBytes(Random random, int most)
    {
        var bytes = new byte[random.Next(most)];
        random.NextBytes(bytes);
        return bytes;
    }

    private Random Seeded()
    {
        var seed = Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        return new Random(seed);
    }
}
