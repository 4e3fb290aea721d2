using System.Text;
using ClusterSession.TestKit.Faults;
using Xunit;

namespace ClusterSession.Tests.TestKit.Faults;

public sealed class RespFrameScannerTests
{
    public static TheoryData<string> Frames() =>
        new()
        {
            "+OK\r\n",
            "-ERR no\r\n",
            ":12\r\n",
            "$0\r\n\r\n",
            "$5\r\na\r\nbc\r\n",
            "$-1\r\n",
            "*-1\r\n",
            "*0\r\n",
            "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n",
            "*2\r\n*1\r\n:1\r\n*2\r\n+a\r\n$-1\r\n",
            "%2\r\n+a\r\n:1\r\n+b\r\n*2\r\n:1\r\n:2\r\n",
            "~1\r\n#t\r\n",
            ">2\r\n+invalidate\r\n_\r\n",
            "|1\r\n+ttl\r\n:3\r\n$1\r\nv\r\n",
            "=5\r\ntxt:x\r\n",
            ",1.5\r\n",
            "PING\r\n",
        };

    [Theory]
    [MemberData(nameof(Frames))]
    public void The_end_of_a_frame_is_found_however_its_bytes_are_split(string frame)
    {
        var bytes = Encoding.ASCII.GetBytes(frame + "+next\r\n");
        for (var split = 0; split <= bytes.Length; split++)
        {
            var scanner = new RespFrameScanner();
            var ends = new List<int>();
            var position = 0;
            foreach (var part in (byte[][])[bytes[..split], bytes[split..]])
            {
                for (var taken = 0; taken < part.Length; )
                {
                    var step = scanner.Consume(part.AsSpan(taken), out var ended);
                    taken += step;
                    position += step;
                    if (ended)
                    {
                        ends.Add(position);
                        Assert.Equal(frame[0] == '>' && ends.Count == 1, scanner.LastFrameWasPush);
                    }
                }
            }
            Assert.Equal([frame.Length, bytes.Length], ends);
        }
    }

    [Theory]
    [InlineData("aab", "aaab", 1)]
    [InlineData("aa", "aaaa", 3)]
    [InlineData("EVALSHA", "EVALSEVALSHA", 1)]
    [InlineData("x", "abc", 0)]
    public void A_pattern_is_counted_however_its_bytes_are_split(string pattern, string text, int expected)
    {
        for (var split = 0; split <= text.Length; split++)
        {
            var matcher = new PatternMatcher(Encoding.ASCII.GetBytes(pattern));
            var found =
                matcher.Feed(Encoding.ASCII.GetBytes(text[..split]))
                + matcher.Feed(Encoding.ASCII.GetBytes(text[split..]));
            Assert.Equal(expected, found);
        }
    }
}
