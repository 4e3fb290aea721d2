using ClusterSession.Transport.Pipelines;
using ClusterSession.ZooKeeper.Protocol;
using Xunit;

namespace ClusterSession.ZooKeeper.Tests.Protocol;

/// <summary>Values as bytes.</summary>
public sealed class JuteTests
{
    [Fact]
    public void Values_are_big_endian_and_texts_stand_behind_their_length()
    {
        var written = new JuteWriter()
            .Int(0x01020304)
            .Long(0x0102030405060708)
            .Bool(true)
            .Text("aé")
            .Text(null)
            .Buffer([0xff])
            .NoBuffer()
            .Texts(["a", "b"])
            .Texts(null)
            .Written;
        Assert.Equal(
            "01020304"
                + "0102030405060708"
                + "01"
                + "0000000361C3A9"
                + "FFFFFFFF"
                + "00000001FF"
                + "FFFFFFFF"
                + "0000000200000001610000000162"
                + "FFFFFFFF",
            Convert.ToHexString(written.Span)
        );
        var reader = new JuteReader(written.Span);
        Assert.Equal(0x01020304, reader.Int());
        Assert.Equal(0x0102030405060708, reader.Long());
        Assert.True(reader.Bool());
        Assert.Equal("aé", reader.Text());
        Assert.Null(reader.Text());
        Assert.Equal([0xff], reader.Buffer());
        Assert.Null(reader.Buffer());
        Assert.Equal(["a", "b"], reader.Texts());
        Assert.Empty(reader.Texts());
        Assert.True(reader.IsAtEnd);
    }

    [Fact]
    public void Message_that_ends_early_is_refused_at_every_byte()
    {
        var whole = new JuteWriter().Int(7).Text("node").Texts(["x", "yz"]).Written.ToArray();
        for (var length = 0; length < whole.Length; length++)
        {
            Assert.Throws<ProtocolException>(() =>
            {
                var reader = new JuteReader(whole.AsSpan(0, length));
                reader.Int();
                reader.Text();
                reader.Texts();
            });
        }
    }

    [Theory]
    [InlineData("7FFFFFFF")]
    [InlineData("7FFFFFFF00000000")]
    public void Length_that_the_message_does_not_hold_allocates_nothing(string hex)
    {
        var bytes = Convert.FromHexString(hex);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<ProtocolException>(() => new JuteReader(bytes).Buffer());
        Assert.Throws<ProtocolException>(() => new JuteReader(bytes).Texts());
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
    }
}
