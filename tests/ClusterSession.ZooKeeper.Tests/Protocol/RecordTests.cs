using ClusterSession.ZooKeeper.Protocol;
using Xunit;

namespace ClusterSession.ZooKeeper.Tests.Protocol;

/// <summary>Requests and replies as bytes, by the definitions of zookeeper.jute.</summary>
public sealed class RecordTests
{
    private const string Stat =
        "0000000100000002" // czxid
        + "0000000100000003" // mzxid
        + "0000018BCFE56800" // ctime: 2023-11-14T22:13:20Z
        + "0000018BCFE56801" // mtime
        + "00000004" // version
        + "00000005" // cversion
        + "00000006" // aversion
        + "0100000000000007" // ephemeralOwner
        + "00000008" // dataLength
        + "00000009" // numChildren
        + "000000010000000A"; // pzxid

    [Fact]
    public void Greeting_has_no_header_and_ends_with_the_wish_for_a_majority() =>
        Assert.Equal(
            "00000000" + "0000000000000011" + "00001770" + "0000000000000000" + "00000010" + new string('0', 32) + "00",
            Hex(new ConnectRequest(0x11, 6000, 0, new byte[16]).Encode())
        );

    [Fact]
    public void Answer_to_a_greeting_names_session_and_life()
    {
        var reader = Reader("00000000" + "00001770" + "0100000000000007" + "00000002ABCD" + "00");
        var response = ConnectResponse.Read(ref reader);
        Assert.Equal((6000, 0x0100000000000007), (response.TimeoutMilliseconds, response.SessionId));
        Assert.Equal([0xab, 0xcd], response.Password);
        Assert.False(response.IsExpired);

        // A server of 3.3 sends no last byte.
        var old = Reader("00000000" + "00000000" + "0000000000000000" + "00000010" + new string('0', 32));
        Assert.True(ConnectResponse.Read(ref old).IsExpired);
    }

    [Fact]
    public void Create_names_who_may_do_what_and_how_long_it_stays()
    {
        Assert.Equal(
            "000000022F61"
                + "00000001FF"
                + "00000001"
                + "0000001F"
                + "00000005776F726C64"
                + "00000006616E796F6E65"
                + "00000001",
            Hex(new JuteWriter().Create("/a", [0xff], NodeAccess.Everyone, CreateMode.Ephemeral).Written)
        );
        Assert.Equal(
            "000000022F61" + "00000000" + "00000001" + "0000001F" + "0000000461757468" + "00000000" + "00000002",
            Hex(new JuteWriter().Create("/a", [], NodeAccess.Creator, CreateMode.PersistentSequential).Written)
        );
    }

    [Fact]
    public void Plain_requests_hold_path_data_version_and_watch()
    {
        Assert.Equal("000000022F61" + "FFFFFFFF", Hex(new JuteWriter().Delete("/a", -1).Written));
        Assert.Equal("000000022F61" + "00000001FF" + "00000002", Hex(new JuteWriter().Set("/a", [0xff], 2).Written));
        Assert.Equal("000000022F61" + "01", Hex(NodeRecords.PathWatch("/a", true).Written));
        Assert.Equal("000000022F61", Hex(NodeRecords.Path("/a").Written));
        Assert.Equal(
            "00000000" + "00000006646967657374" + "00000003613A62",
            Hex(NodeRecords.Auth("digest", "a:b"u8).Written)
        );
    }

    [Fact]
    public void Watches_are_named_by_kind_behind_the_last_zxid() =>
        Assert.Equal(
            "0000000100000002" + "00000001000000022F61" + "00000000" + "00000002000000022F62000000022F63",
            Hex(NodeRecords.Watches(0x100000002, ["/a"], [], ["/b", "/c"]).Written)
        );

    [Fact]
    public void Stat_is_read_in_the_order_of_its_definition()
    {
        var reader = Reader(Stat);
        Assert.Equal(
            new NodeStat(
                0x100000002,
                0x100000003,
                DateTimeOffset.FromUnixTimeSeconds(1_700_000_000),
                DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_001),
                4,
                5,
                6,
                0x0100000000000007,
                8,
                9,
                0x10000000A
            ),
            NodeRecords.ReadStat(ref reader)
        );
        Assert.True(reader.IsAtEnd);
    }

    [Fact]
    public void Event_names_what_has_happened_and_where()
    {
        var reader = Reader("FFFFFFFF" + "FFFFFFFFFFFFFFFF" + "00000000" + "00000003" + "00000003" + "000000022F61");
        Assert.Equal(new ReplyHeader(Xids.Event, -1, 0), ReplyHeader.Read(ref reader));
        Assert.Equal(new WatcherEvent((int)NodeEventKind.DataChanged, "/a"), WatcherEvent.Read(ref reader));
    }

    [Fact]
    public void Transaction_has_a_header_for_each_change_and_a_closing_one()
    {
        NodeChange[] changes =
        [
            new NodeChange.Check("/a", 1),
            new NodeChange.Create("/b", ReadOnlyMemory<byte>.Empty, CreateMode.Ephemeral),
            new NodeChange.Set("/c", new byte[] { 0xff }, 2),
            new NodeChange.Delete("/d"),
        ];
        Assert.Equal(
            "0000000D00FFFFFFFF"
                + "000000042F782F61"
                + "00000001"
                + "0000000F00FFFFFFFF"
                + "000000042F782F62"
                + "00000000"
                + "000000010000001F"
                + "00000005776F726C64"
                + "00000006616E796F6E65"
                + "00000001"
                + "0000000500FFFFFFFF"
                + "000000042F782F63"
                + "00000001FF"
                + "00000002"
                + "0000000200FFFFFFFF"
                + "000000042F782F64"
                + "FFFFFFFF"
                + "FFFFFFFF01FFFFFFFF",
            Hex(MultiCodec.Write(changes, path => "/x" + path, NodeAccess.Everyone).Written)
        );
    }

    [Fact]
    public void Results_of_a_transaction_are_those_of_its_changes()
    {
        var reader = Reader("0000000D0000000000" + "0000000F0000000000" + "000000022F62" + Stat + "FFFFFFFF01FFFFFFFF");
        var (code, results) = MultiCodec.Read(ref reader);
        Assert.Equal(ZooKeeperCode.Ok, code);
        Assert.Equal([null, "/b"], results.Select(result => result.Path));
        Assert.Equal(0x100000002, results[1].Stat?.Created);
    }

    [Fact]
    public void Refused_transaction_names_the_change_that_was_refused()
    {
        var reader = Reader(
            "FFFFFFFF0000000000"
                + "00000000"
                + "FFFFFFFF00FFFFFF99"
                + "FFFFFF99"
                + "FFFFFFFF00FFFFFFFE"
                + "FFFFFFFE"
                + "FFFFFFFF01FFFFFFFF"
        );
        var (code, results) = MultiCodec.Read(ref reader);
        Assert.Equal(ZooKeeperCode.BadVersion, code);
        Assert.Equal(
            [ZooKeeperCode.Ok, ZooKeeperCode.BadVersion, ZooKeeperCode.RuntimeInconsistency],
            results.Select(result => result.Code)
        );
    }

    private static string Hex(ReadOnlyMemory<byte> bytes) => Convert.ToHexString(bytes.Span);

    private static JuteReader Reader(string hex) => new(Convert.FromHexString(hex));
}
