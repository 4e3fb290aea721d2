using System.Text;
using ClusterSession.Records;
using ClusterSession.Redis.Protocol;
using ClusterSession.Redis.Requests;
using ClusterSession.Redis.Scripts;
using ClusterSession.Stores;
using ClusterSession.TestKit.Sessions;
using ClusterSession.Tests.Redis.Connection;
using ClusterSession.Transport.Pipelines;
using Xunit;

namespace ClusterSession.Tests.Redis.Scripts;

/// <summary>
/// The bytes of docs/wire-formats.md, written out: what a release has stored, the next one reads.
/// </summary>
public sealed class RecordFormatTests
{
    private const string Header =
        "02"
        + "40"
        + "000001A0C4506C00" // format, flags, created
        + "00000000000030"
        + "00000000000A" // version
        + "00000000000025"
        + "00000000000B" // the one before
        + "01"
        + "00000000000007" // tombstones were dropped; forgotten up to
        + "00000000000000"
        + "00000000000030"
        + "00000000000A" // all of writer 10 up to 0x30
        + "00000000000010"
        + "00000000000018"
        + "00000000000B" // of writer 11 those above 0x10 up to 0x18
        + "00000000000020"
        + "00000000000025"
        + "00000000000B"; // and those above 0x20 up to 0x25

    private const string FormerHeader =
        "01"
        + "40"
        + "000001A0C4506C00"
        + "03" // format, flags, created, number of commits
        + "00000000000030"
        + "00000000000A" // newest first
        + "00000000000025"
        + "00000000000B"
        + "00000000000018"
        + "00000000000B";

    private static readonly SessionVersion Newest = new(0x30, 10),
        Before = new(0x25, 11);

    [Fact]
    public async Task Record_of_this_release_is_read()
    {
        var record = await ReadAsync(Header);
        Assert.Equal((Newest, Before, 0x40), (record.Version, record.Previous, record.Flags));
        Assert.Equal(1_790_000_000_000, record.Created.ToUnixTimeMilliseconds());
        Assert.Equal((true, 7L), (record.HasDroppedTombstones, record.ForgottenUpTo));
        Assert.All(
            new SessionVersion[] { new(1, 10), Newest, new(0x11, 11), new(0x18, 11), new(0x21, 11), Before },
            version => Assert.True(record.Contains(version))
        );
        Assert.All(
            new SessionVersion[]
            {
                new(0x31, 10),
                new(0x10, 11),
                new(0x19, 11),
                new(0x20, 11),
                new(0x26, 11),
                new(0x30, 12),
            },
            version => Assert.False(record.Contains(version))
        );
        Assert.True(
            record.TryFind("x", out var value) && value.Payload.SequenceEqual("one"u8) && value.Version == Newest
        );
        Assert.True(record.TryFind("y", out var tombstone) && !tombstone.Exists);
        Assert.True(SessionVersion.TryRead(tombstone.Payload, out var removed));
        Assert.Equal(new SessionVersion(0x18, 11), removed);
    }

    [Fact]
    public async Task Record_of_the_release_before_is_read_and_says_only_what_is_certain()
    {
        var record = await ReadAsync(FormerHeader);
        Assert.Equal((Newest, Before, 0x40), (record.Version, record.Previous, record.Flags));
        Assert.False(record.HasDroppedTombstones);
        Assert.All(new[] { Newest, Before, new(0x18, 11) }, version => Assert.True(record.Contains(version)));
        Assert.All(
            new SessionVersion[] { new(0x2F, 10), new(1, 10), new(0x24, 11), new(0x17, 11), new(1, 12) },
            version => Assert.False(record.Contains(version))
        );
    }

    [Theory]
    [InlineData("03")]
    [InlineData("00")]
    public async Task Record_of_an_unknown_format_is_damaged(string format)
    {
        var read = await ParseAsync(format + Header[2..]);
        Assert.Equal((StoreReadOutcome.Unavailable, StoreFailure.Damaged), (read.Outcome, read.Failure));
    }

    [Fact]
    public async Task Record_is_written_as_it_was_read()
    {
        var record = await ReadAsync(Header);
        var output = new SendBuffer();
        var writer = new RespWriter(output);
        new MergeRequest(
            new RedisKeys("cs"),
            SessionKeys.New(),
            new SessionMerge(record, Newest, MergeMode.Create, TimeSpan.FromHours(1), PreviousStamp: 0x2F),
            new CopyLeases(TimeSpan.FromMinutes(1))
        ).WriteTo(ref writer);
        var written = Convert.ToHexString(output.Written.Span);
        Assert.Contains(Header, written, StringComparison.Ordinal);
        Assert.Contains("0000000000002F" + "00000000000030" + "00000000000A", written, StringComparison.Ordinal);
    }

    private static async Task<SessionRecord> ReadAsync(string header)
    {
        var read = await ParseAsync(header);
        Assert.Equal(StoreReadOutcome.Found, read.Outcome);
        return read.Record!;
    }

    private static async Task<StoreRead> ParseAsync(string header)
    {
        await using var scripted = await ScriptedConnection.OpenAsync();
        var request = new ReadRequest(
            new RedisKeys("cs"),
            SessionKeys.New(),
            SessionVersion.None,
            new CopyLeases(TimeSpan.FromMinutes(1))
        )
        {
            Connection = scripted.Connection,
        };
        var reading = request.Completion;
        byte[][] parts =
        [
            "m"u8.ToArray(),
            Convert.FromHexString(header),
            "ax"u8.ToArray(),
            Convert.FromHexString("00000000000030" + "00000000000A" + "00" + "6F6E65"),
            "ay"u8.ToArray(),
            Convert.FromHexString("00000000000025" + "00000000000B" + "01" + "00000000000018" + "00000000000B"),
        ];
        using var bytes = new MemoryStream();
        bytes.Write(Encoding.ASCII.GetBytes("*7\r\n"));
        foreach (var part in parts)
        {
            bytes.Write(Encoding.ASCII.GetBytes($"${part.Length}\r\n"));
            bytes.Write(part);
            bytes.Write("\r\n"u8);
        }

        bytes.Write(":1000\r\n"u8);
        Parse(request, bytes.ToArray());
        return await reading;
    }

    private static void Parse(ReadRequest request, byte[] reply)
    {
        var reader = new RespReader(reply);
        request.ParseReply(ref reader);
    }
}
