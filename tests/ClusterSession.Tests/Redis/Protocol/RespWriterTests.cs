using System.Text;
using ClusterSession.Redis.Protocol;
using ClusterSession.Transport.Pipelines;
using Xunit;

namespace ClusterSession.Tests.Redis.Protocol;

public sealed class RespWriterTests
{
    [Fact]
    public void Commands_are_arrays_of_bulk_strings_to_the_byte()
    {
        using var output = new SendBuffer();
        var writer = new RespWriter(output);
        writer.WriteCommand("SET"u8, 6);
        writer.WriteBulk("k\r\n*1\r\n$8\r\nFLUSHALL"u8);
        writer.WriteBulk("pre:"u8, "fix"u8);
        writer.WriteBulk("ü");
        writer.WriteBulk(long.MinValue);
        writer.WriteBulk(0);
        writer.WriteBulk(""u8);
        Assert.Equal(
            "*7\r\n$3\r\nSET\r\n$19\r\nk\r\n*1\r\n$8\r\nFLUSHALL\r\n$7\r\npre:fix\r\n$2\r\nü\r\n$20\r\n-9223372036854775808\r\n$1\r\n0\r\n$0\r\n\r\n",
            Encoding.UTF8.GetString(output.Written.Span)
        );
        Assert.Equal(0, writer.Missing);
        Assert.Equal(1, writer.Commands);
    }

    [Fact]
    public void Missing_and_surplus_arguments_are_counted()
    {
        using var output = new SendBuffer();
        var writer = new RespWriter(output);
        writer.WriteCommand("GET"u8, 1);
        Assert.Equal(1, writer.Missing);
        writer.WriteBulk("k"u8);
        writer.WriteBulk("k"u8);
        Assert.Equal(-1, writer.Missing);
        AssertRefused(ref writer);
    }

    [Fact]
    public void Output_larger_than_any_first_buffer_keeps_what_was_written()
    {
        using var output = new SendBuffer();
        var writer = new RespWriter(output);
        var value = Enumerable.Range(0, 3_000_000).Select(i => (byte)i).ToArray();
        writer.WriteCommand("SET"u8, 2);
        writer.WriteBulk("k"u8);
        writer.WriteBulk(value);
        byte[] expected = [.. "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3000000\r\n"u8, .. value, .. "\r\n"u8];
        Assert.True(expected.AsSpan().SequenceEqual(output.Written.Span));
        output.Clear();
        Assert.Equal(0, output.Length);
    }

    private static void AssertRefused(ref RespWriter writer)
    {
        try
        {
            writer.WriteCommand("PING"u8, 0);
        }
        catch (InvalidOperationException)
        {
            return;
        }

        Assert.Fail("A command after one with a wrong number of arguments was accepted.");
    }
}
