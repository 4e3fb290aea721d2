using System.Text;
using ClusterSession.Redis.Protocol;
using Xunit;

namespace ClusterSession.Tests.Redis.Protocol;

public sealed class RespReaderTests
{
    /// <summary>Every type of RESP3, and the nulls of RESP2, with what they mean.</summary>
    public static TheoryData<string, string> Frames =>
        new()
        {
            { "+OK\r\n", "SimpleString OK" },
            { "+\r\n", "SimpleString " },
            { "-ERR no\r\n", "SimpleError ERR no" },
            { ":0\r\n", "int 0" },
            { ":-9223372036854775808\r\n", "int -9223372036854775808" },
            { ":+7\r\n", "int 7" },
            { "$0\r\n\r\n", "BulkString " },
            { "$5\r\na\r\nb\n\r\n", "BulkString a\r\nb\n" },
            { "$-1\r\n", "null" },
            { "*-1\r\n", "null" },
            { "_\r\n", "null" },
            { "#t\r\n", "true" },
            { "#f\r\n", "false" },
            { ",1.5\r\n", "double 1.5" },
            { ",-1e-3\r\n", "double -0.001" },
            { ",10\r\n", "double 10" },
            { ",inf\r\n", "double Infinity" },
            { ",-inf\r\n", "double -Infinity" },
            { ",nan\r\n", "double NaN" },
            {
                "(-3492890328409238509324850943850943825024385\r\n",
                "BigNumber -3492890328409238509324850943850943825024385"
            },
            { "!7\r\nERR bad\r\n", "BulkError ERR bad" },
            { "=8\r\ntxt:abcd\r\n", "VerbatimString abcd" },
            { "*0\r\n", "Array[]" },
            { "*3\r\n:1\r\n$1\r\nx\r\n_\r\n", "Array[int 1, BulkString x, null]" },
            { "*2\r\n*2\r\n:1\r\n*0\r\n*1\r\n-E\r\n", "Array[Array[int 1, Array[]], Array[SimpleError E]]" },
            {
                "%2\r\n+a\r\n:1\r\n+b\r\n%1\r\n+c\r\n~1\r\n:2\r\n",
                "Map[SimpleString a, int 1, SimpleString b, Map[SimpleString c, Set[int 2]]]"
            },
            { "~2\r\n+a\r\n#t\r\n", "Set[SimpleString a, true]" },
            { ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n", "Push[BulkString invalidate, Array[BulkString k]]" },
            { ">2\r\n$10\r\ninvalidate\r\n_\r\n", "Push[BulkString invalidate, null]" },
            { "|1\r\n+ttl\r\n:9\r\n$1\r\nv\r\n", "BulkString v" },
            { "*2\r\n:1\r\n|1\r\n+a\r\n*2\r\n:5\r\n:6\r\n:2\r\n", "Array[int 1, int 2]" },
        };

    [Theory]
    [MemberData(nameof(Frames))]
    public void Frames_are_read(string raw, string meaning) =>
        Assert.Equal(meaning, RespText.Show(RespText.Bytes(raw)));

    [Theory]
    [MemberData(nameof(Frames))]
    public void Every_beginning_of_a_frame_is_incomplete(string raw, string meaning)
    {
        Assert.NotEmpty(meaning);
        var bytes = RespText.Bytes(raw);
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Null(RespText.Show(bytes.AsSpan(0, length)));
        }
    }

    [Theory]
    [MemberData(nameof(Frames))]
    public void Frames_split_at_each_byte_are_found_by_one_scanner_that_goes_on(string raw, string meaning)
    {
        var bytes = RespText.Bytes(raw + raw);
        var length = bytes.Length / 2;
        for (var split = 0; split < length; split++)
        {
            var scanner = new RespScanner(RespLimits.Default);
            Assert.Equal(0, scanner.Scan(bytes.AsSpan(0, split)));
            // The rest comes in one piece, followed by the next frame.
            Assert.Equal(length, scanner.Scan(bytes));
            Assert.Equal(length, scanner.Scan(bytes.AsSpan(length)));
            Assert.Equal(meaning, RespText.ShowFrame(bytes.AsSpan(0, length)));
        }
    }

    [Theory]
    [MemberData(nameof(Frames))]
    public void Frames_that_come_byte_by_byte_are_found_by_one_scanner(string raw, string meaning)
    {
        Assert.NotEmpty(meaning);
        var bytes = RespText.Bytes(raw);
        var scanner = new RespScanner(RespLimits.Default);
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Equal(0, scanner.Scan(bytes.AsSpan(0, length)));
        }

        Assert.Equal(bytes.Length, scanner.Scan(bytes));
    }

    [Theory]
    [InlineData("x\r\n", "no RESP type")]
    [InlineData("HTTP/1.1 400 Bad Request\r\n", "no RESP type")]
    [InlineData(":12a\r\n", "integer")]
    [InlineData(":\r\n", "integer")]
    [InlineData(": 1\r\n", "integer")]
    [InlineData(":9223372036854775808\r\n", "integer")]
    [InlineData(",1,5\r\n", "double")]
    [InlineData(",\r\n", "double")]
    [InlineData(",infinity\r\n", "double")]
    [InlineData("(12x\r\n", "big number")]
    [InlineData("(-\r\n", "big number")]
    [InlineData("#x\r\n", "boolean")]
    [InlineData("#true\r\n", "boolean")]
    [InlineData("_x\r\n", "null")]
    [InlineData("$-2\r\n", "length")]
    [InlineData("$+1\r\nx\r\n", "length")]
    [InlineData("$\r\n", "length")]
    [InlineData("$?\r\n", "length")]
    [InlineData("*?\r\n", "length")]
    [InlineData("*-2\r\n", "length")]
    [InlineData("%-1\r\n", "-1")]
    [InlineData("=-1\r\n", "-1")]
    [InlineData("$99999999999\r\n", "length")]
    [InlineData("$2000\r\n", "1000 bytes")]
    [InlineData("*900\r\n", "1000 bytes")]
    [InlineData("%200\r\n", "1000 bytes")]
    [InlineData("$1\r\nxyz\r\n", "does not end")]
    [InlineData("$1\r\nx\n\n", "does not end")]
    [InlineData("=3\r\nabc\r\n", "verbatim")]
    [InlineData("=5\r\nabcde\r\n", "verbatim")]
    [InlineData("+a\n", "without CR")]
    [InlineData("+a\rb\r\n", "followed by LF")]
    [InlineData("*1\r\n>1\r\n+a\r\n", "push")]
    [InlineData(">0\r\n", "push")]
    [InlineData("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", "nested")]
    public void Violations_are_named(string raw, string word)
    {
        var limits = new RespLimits(MaxFrameBytes: 1000, MaxLineBytes: 100, MaxDepth: 4);
        var whole = Assert.Throws<RespProtocolException>(() =>
        {
            RespText.Show(RespText.Bytes(raw), limits);
        });
        Assert.Contains(word, whole.Message, StringComparison.Ordinal);
        // And however the bytes come, never a frame.
        Assert.Throws<RespProtocolException>(() =>
        {
            var scanner = new RespScanner(limits);
            for (var length = 0; length <= raw.Length; length++)
            {
                Assert.Equal(0, scanner.Scan(RespText.Bytes(raw[..length])));
            }
        });
    }

    [Fact]
    public void Lines_and_frames_that_grow_beyond_the_limit_are_violations()
    {
        var limits = new RespLimits(MaxFrameBytes: 1000, MaxLineBytes: 100);
        Assert.Throws<RespProtocolException>(() =>
        {
            RespText.Show(RespText.Bytes("+" + new string('a', 101)), limits);
        });
        Assert.Throws<RespProtocolException>(() =>
        {
            RespText.Show(
                RespText.Bytes("*20\r\n" + string.Concat(Enumerable.Repeat("+" + new string('a', 90) + "\r\n", 20))),
                limits
            );
        });
        Assert.NotNull(RespText.Show(RespText.Bytes("+" + new string('a', 100) + "\r\n"), limits));
    }

    [Fact]
    public void Attribute_frames_may_not_hide_endless_nesting()
    {
        var limits = new RespLimits(MaxDepth: 4);
        Assert.Throws<RespProtocolException>(() =>
        {
            RespText.Show(RespText.Bytes(string.Concat(Enumerable.Repeat("|1\r\n+a\r\n", 5)) + ":1\r\n"), limits);
        });
    }

    [Fact]
    public void A_value_of_another_type_than_asked_for_is_a_violation()
    {
        Assert.Throws<RespProtocolException>(() =>
        {
            new RespReader("+OK\r\n"u8).ReadArray();
        });
        Assert.Throws<RespProtocolException>(() =>
        {
            new RespReader("*0\r\n"u8).ReadInt64();
        });
        Assert.Throws<RespProtocolException>(() =>
        {
            new RespReader(":1\r\n"u8).ReadBytes();
        });
        Assert.Throws<RespProtocolException>(() =>
        {
            var reader = new RespReader("*1\r\n:1\r\n"u8);
            reader.ReadArray();
            reader.ReadInt64();
            reader.ReadInt64();
        });
    }

    [Fact]
    public void Members_are_stepped_over_with_all_they_hold()
    {
        var reader = new RespReader(
            "*3\r\n*2\r\n:1\r\n|1\r\n+a\r\n*1\r\n:9\r\n%1\r\n+k\r\n*0\r\n$3\r\nabc\r\n:7\r\n"u8
        );
        Assert.Equal(3, reader.ReadArray());
        reader.Skip();
        Assert.Equal("abc", Encoding.ASCII.GetString(reader.ReadBytes()));
        Assert.Equal(7, reader.ReadInt64());
    }

    [Fact]
    public void A_huge_reply_is_not_looked_at_again_with_each_packet()
    {
        // 64 values of 64 KB in packets of 4 KB. A scanner that began anew each time would step
        // over 32,000 values; and that costs time which no assertion may measure: so the buffer
        // before the scanner's place is destroyed, and it must not notice.
        var value = Encoding.ASCII.GetBytes("$65536\r\n" + new string('v', 65536) + "\r\n");
        byte[] frame = [.. "*64\r\n"u8, .. Enumerable.Repeat(value, 64).SelectMany(v => v)];
        var seen = new byte[frame.Length];
        var scanner = new RespScanner(RespLimits.Default);
        for (var have = 4096; have < frame.Length; have += 4096)
        {
            frame.AsSpan(have - 4096, 4096).CopyTo(seen.AsSpan(have - 4096));
            Assert.Equal(0, scanner.Scan(seen.AsSpan(0, have)));
            seen.AsSpan(0, Math.Max(0, have - 70000)).Clear();
        }

        frame.AsSpan(frame.Length - 70000).CopyTo(seen.AsSpan(frame.Length - 70000));
        Assert.Equal(frame.Length, scanner.Scan(seen));
    }
}
