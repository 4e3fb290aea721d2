using System.Text;
using ClusterSession.Redis.Protocol;
using Xunit;

namespace ClusterSession.Tests.Redis.Protocol;

/// <summary>Replies that are longer than the limit are skipped, and the next one is read.</summary>
public sealed class RespSkipTests
{
    private static readonly RespLimits Limits = new(MaxFrameBytes: 1000, MaxLineBytes: 100);

    public static TheoryData<string> TooLong =>
        new()
        {
            { $"$5000\r\n{new string('x', 5000)}\r\n" },
            { $"*3\r\n$1\r\na\r\n$5000\r\n{new string('x', 5000)}\r\n:1\r\n" },
            { $"*50\r\n{string.Concat(Enumerable.Repeat($"$90\r\n{new string('y', 90)}\r\n", 50))}" },
            { $"*2\r\n*2\r\n$990\r\n{new string('z', 990)}\r\n$3\r\nabc\r\n$2000\r\n{new string('\n', 2000)}\r\n" },
        };

    [Theory]
    [MemberData(nameof(TooLong))]
    public void Reply_that_is_too_long_is_skipped_however_its_bytes_come_and_the_next_is_read(string reply)
    {
        foreach (var step in new[] { 1, 7, 100, 1023, 100_000 })
        {
            var stream = Encoding.Latin1.GetBytes($"+before\r\n{reply}:42\r\n{reply}+after\r\n");
            var (frames, most) = Read(stream, step);
            Assert.Equal(["+before\r\n", "too long", ":42\r\n", "too long", "+after\r\n"], frames);
            Assert.InRange(most, 0, 1100 + step);
        }
    }

    [Fact]
    public void Push_that_is_too_long_is_a_violation() =>
        Assert.Throws<RespProtocolException>(() =>
        {
            Read(Encoding.Latin1.GetBytes($">2\r\n$1\r\na\r\n$5000\r\n{new string('x', 5000)}\r\n"), 100);
        });

    /// <summary>The frames, and how many bytes were kept at most.</summary>
    private static (List<string> Frames, int Most) Read(byte[] stream, int step)
    {
        var scanner = new RespScanner(Limits, skipsTooLong: true);
        var frames = new List<string>();
        var (start, most) = (0, 0);
        for (var end = Math.Min(step, stream.Length); ; end = Math.Min(end + step, stream.Length))
        {
            int length;
            do
            {
                most = Math.Max(most, end - start);
                length = scanner.Scan(stream.AsSpan(start, end - start));
                if (length > 0)
                {
                    frames.Add(scanner.IsTooLong ? "too long" : Encoding.Latin1.GetString(stream, start, length));
                }

                start +=
                    length > 0 ? length
                    : scanner.IsTooLong ? scanner.Drop()
                    : 0;
            } while (length > 0);
            if (end == stream.Length)
            {
                return (frames, most);
            }
        }
    }
}
