using System.Buffers.Text;
using System.Text;
using ClusterSession.Records;
using ClusterSession.TestKit.Sessions;
using Xunit;

namespace ClusterSession.Tests.Records;

/// <summary>
/// The bytes of docs/wire-formats.md, written out: what a release has stored, the next one reads.
/// </summary>
public sealed class SessionRecordFormatTests
{
    private const string Head =
        "02"
        + "40"
        + "000001A0C4506C00" // format, flags, created
        + "00000000000030"
        + "00000000000A" // version
        + "00000000000025"
        + "00000000000B" // the one before
        + "01"
        + "00000000000007" // tombstones were dropped; forgotten up to
        + "0102030405060708" // the mark of the key
        + "0002"
        + "00000000000000"
        + "00000000000030"
        + "00000000000A"
        + "00000000000020"
        + "00000000000025"
        + "00000000000B";

    private const string Attributes =
        "02" // how many
        + "0178"
        + "00000000000030"
        + "00000000000A"
        + "00"
        + "036F6E65" // x = one
        + "0179"
        + "00000000000025"
        + "00000000000B"
        + "01"
        + "00"; // y was removed

    private const string Tombstone =
        "02"
        + "01"
        + "000001A0C4506C00"
        + "00000000000030"
        + "00000000000A"
        + "00000000000000"
        + "000000000000"
        + "00"
        + "00000000000000"
        + "0102030405060708"
        + "0000"
        + "00"; // no intervals, no successor

    private static readonly SessionKey Key = KeyWithMark();
    private static readonly SessionVersion Newest = new(0x30, 10),
        Before = new(0x25, 11);

    [Fact]
    public void Record_is_read_and_written_as_the_page_says()
    {
        Assert.True(SessionRecordFormat.TryRead(Key, Convert.FromHexString(Head + Attributes), out var stored));
        var record = stored.Record;
        Assert.Null(stored.End);
        Assert.Equal((Newest, Before, 0x40), (record.Version, record.Previous, record.Flags));
        Assert.Equal((true, 7L, 2), (record.HasDroppedTombstones, record.ForgottenUpTo, record.AttributeCount));
        Assert.True(record.TryFind("x", out var x) && x.Payload.SequenceEqual("one"u8));
        Assert.True(record.TryFind("y", out var y) && !y.Exists);
        Assert.Equal(Head + Attributes, Convert.ToHexString(SessionRecordFormat.Write(Key, stored)));
    }

    [Fact]
    public void Tombstone_is_read_and_written_as_the_page_says()
    {
        Assert.True(SessionRecordFormat.TryRead(Key, Convert.FromHexString(Tombstone), out var stored));
        Assert.Equal((Newest, (SessionSuccessor?)null), (stored.End!.Value.Version, stored.End.Value.Successor));
        Assert.Equal(Tombstone, Convert.ToHexString(SessionRecordFormat.Write(Key, stored)));
        var moved = StoredSession.Ended(
            DateTimeOffset.UnixEpoch,
            new SessionEnd(Newest, new SessionSuccessor(SessionKeys.New(), new string('s', 24), IsOthers: true))
        );
        Assert.True(SessionRecordFormat.TryRead(Key, SessionRecordFormat.Write(Key, moved), out var read));
        Assert.Equal(moved.End, read.End);
    }

    [Fact]
    public void Large_values_and_many_attributes_are_read_as_they_were_written()
    {
        var sketch = RecordSketch.At(Newest);
        for (var i = 0; i < 300; i++)
        {
            sketch = sketch.With("a" + i, new string('v', i * 7), Newest);
        }

        var stored = StoredSession.Of(sketch.Build());
        Assert.True(SessionRecordFormat.TryRead(Key, SessionRecordFormat.Write(Key, stored), out var read));
        Assert.Equal(RecordText.Of(stored.Record), RecordText.Of(read.Record));
    }

    [Fact]
    public void Bytes_of_another_key_or_another_format_are_refused()
    {
        var bytes = Convert.FromHexString(Head + Attributes);
        Assert.False(SessionRecordFormat.TryRead(SessionKeys.New(), bytes, out _));
        bytes[0] = 3;
        Assert.False(SessionRecordFormat.TryRead(Key, bytes, out _));
    }

    /// <summary>
    /// Whatever was cut off or changed, the answer is a record or a refusal, and no exception.
    /// </summary>
    [Theory]
    [InlineData(Head + Attributes)]
    [InlineData(Tombstone)]
    public void Bytes_that_were_cut_or_changed_are_refused_or_read_and_never_throw(string hex)
    {
        var whole = Convert.FromHexString(hex);
        for (var length = 0; length < whole.Length; length++)
        {
            Assert.False(SessionRecordFormat.TryRead(Key, whole.AsSpan(0, length), out _), $"{length} bytes");
        }

        var random = new Random(20_261_127);
        for (var i = 0; i < 20_000; i++)
        {
            var changed = whole.ToArray();
            for (var changes = random.Next(1, 4); changes > 0; changes--)
            {
                changed[random.Next(changed.Length)] = (byte)random.Next(256);
            }

            SessionRecordFormat.TryRead(Key, changed, out _);
        }
    }

    private static SessionKey KeyWithMark()
    {
        Span<byte> bytes = stackalloc byte[16];
        for (var i = 0; i < 8; i++)
        {
            bytes[i] = (byte)(i + 1);
        }

        Assert.True(SessionKey.TryParse(Encoding.ASCII.GetBytes(Base64Url.EncodeToString(bytes)), out var key));
        return key;
    }
}
