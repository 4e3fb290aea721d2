using System.Text;
using ClusterSession.Redis;
using ClusterSession.Redis.Topology.Cluster;
using Xunit;

namespace ClusterSession.Tests.Redis.Topology.Cluster;

public sealed class HashSlotTests
{
    [Theory]
    [InlineData("123456789", 0x31C3)]
    [InlineData("", 0)]
    public void Crc16_gives_the_values_of_the_specification(string text, int expected) =>
        Assert.Equal(expected, HashSlot.Crc16(Encoding.UTF8.GetBytes(text)));

    // As CLUSTER KEYSLOT answers them.
    [Theory]
    [InlineData("foo", 12182)]
    [InlineData("bar", 5061)]
    [InlineData("hello", 866)]
    [InlineData("123456789", 12739)]
    public void Keys_have_the_slots_that_servers_give_them(string key, int slot) => Assert.Equal(slot, Slot(key));

    [Theory]
    [InlineData("cs:1:{user1000}", "user1000")]
    [InlineData("{user1000}.following", "user1000")]
    [InlineData("foo{{bar}}zap", "{bar")]
    [InlineData("foo{bar}{zap}", "bar")]
    [InlineData("foo{}{bar}", "foo{}{bar}")]
    [InlineData("foo{bar", "foo{bar")]
    public void Only_the_tag_counts_if_there_is_one(string key, string tag) =>
        Assert.Equal(HashSlot.Crc16(Encoding.UTF8.GetBytes(tag)) % 16384, Slot(key));

    [Theory]
    [InlineData("MOVED 3999 127.0.0.1:6381", 3999, "127.0.0.1", 6381)]
    [InlineData("ASK 16383 node-2.example:7000", 16383, "node-2.example", 7000)]
    [InlineData("MOVED 0 :6381", 0, "answered", 6381)]
    [InlineData("MOVED 1 ?:6381", 1, "answered", 6381)]
    [InlineData("MOVED 1 ::1:6381", 1, "::1", 6381)]
    [InlineData("ERR Error running script (call to f_x): @user_script:1: -MOVED 5 h:1 ", 5, "h", 1)]
    public void Redirections_name_slot_and_node(string text, int slot, string host, int port)
    {
        Assert.True(Redirection.TryParse(text, new RedisEndpoint("answered", 1), out var redirection));
        Assert.Equal(new Redirection(slot, new RedisEndpoint(host, port)), redirection);
    }

    [Theory]
    [InlineData("MOVED")]
    [InlineData("MOVED x h:1")]
    [InlineData("MOVED 16384 h:1")]
    [InlineData("MOVED 1 h")]
    [InlineData("MOVED 1 h:99999")]
    [InlineData("ERR unknown")]
    public void What_is_no_redirection_is_not_followed(string text) =>
        Assert.False(Redirection.TryParse(text, default, out _));

    private static int Slot(string key) => HashSlot.Of(Encoding.UTF8.GetBytes(key));
}
