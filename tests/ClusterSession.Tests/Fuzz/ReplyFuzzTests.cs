using ClusterSession.Redis.Protocol;
using Xunit;

namespace ClusterSession.Tests.Fuzz;

[Collection(FuzzCollection.Name)]
public sealed class ReplyFuzzTests(ITestOutputHelper output)
{
    private const int MaxAllocated = 64 << 10;

    [Fact]
    public void Reply_is_read_to_its_end_or_refused_as_a_breach_of_the_protocol()
    {
        var run = new FuzzRun(output, "replies.txt", normally: 100_000, atLength: 1_000_000);
        var (complete, refused, waiting) = (0, 0, 0);
        var scanner = new RespScanner(RespLimits.Default);
        for (var round = 0; round < run.Rounds; round++)
        {
            var bytes = run.Draw();
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                var length = InPieces(scanner, bytes, run.Random);
                if (length == 0)
                {
                    scanner.Reset();
                    waiting++;
                }
                else
                {
                    ReadAll(bytes.AsSpan(0, length));
                    complete++;
                }
            }
            catch (RespProtocolException)
            {
                scanner.Reset();
                refused++;
            }

            // Whatever a prefix announces: nothing is made that was not sent. An exception is some
            // KB.
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MaxAllocated);
        }

        Assert.All(new[] { complete, refused, waiting }, count => Assert.InRange(count, 100, run.Rounds));
        output.WriteLine($"{complete} read to their end, {refused} refused, {waiting} not complete");
        run.CheckMemory();
    }

    private static int InPieces(RespScanner scanner, byte[] bytes, Random random)
    {
        for (var have = random.Next(bytes.Length + 1); have < bytes.Length; have += random.Next(1, 40))
        {
            if (scanner.Scan(bytes.AsSpan(0, have)) is var length and > 0)
            {
                return length;
            }
        }

        return scanner.Scan(bytes);
    }

    private static void ReadAll(ReadOnlySpan<byte> frame)
    {
        var reader = new RespReader(frame);
        reader.Read();
        for (long left = reader.Count; left > 0; left--)
        {
            reader.Read();
            left += reader.Count;
            _ = reader.Bytes.Length;
        }
    }
}
