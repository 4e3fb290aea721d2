using ClusterSession.Transport.Pipelines;
using Xunit;

namespace ClusterSession.Tests.Transport.Pipelines;

public sealed class BufferTests
{
    [Fact]
    public void What_was_received_and_not_understood_stays_whatever_comes_behind_it()
    {
        using var buffer = new ReceiveBuffer();
        var random = new Random(3);
        var (written, read) = (0, 0);
        for (var round = 0; round < 2000; round++)
        {
            var free = buffer.GetFree().Span;
            Assert.NotEqual(0, free.Length);
            var count = random.Next(1, Math.Min(free.Length, 20_000));
            for (var i = 0; i < count; i++)
            {
                free[i] = (byte)(written++ % 251);
            }

            buffer.Received(count);
            var taken = random.Next(0, buffer.Unread.Length + 1);
            Assert.Equal((byte)(read % 251), buffer.Unread[0]);
            Assert.Equal((byte)((written - 1) % 251), buffer.Unread[^1]);
            read += taken;
            buffer.Consume(taken);
        }
    }

    [Fact]
    public void What_is_taken_back_is_overwritten_by_what_follows()
    {
        using var buffer = new SendBuffer();
        Write(buffer, [1, 2, 3]);
        var mark = buffer.Length;
        Write(buffer, new byte[100_000]);
        buffer.Truncate(mark);
        Write(buffer, [4]);
        Assert.Equal([1, 2, 3, 4], buffer.Written.ToArray());
        buffer.Clear();
        Assert.Equal(0, buffer.Length);
    }

    private static void Write(SendBuffer buffer, byte[] bytes)
    {
        bytes.CopyTo(buffer.GetSpan(bytes.Length));
        buffer.Advance(bytes.Length);
    }
}
