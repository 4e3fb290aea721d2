using ClusterSession.Asking;
using ClusterSession.Records;
using ClusterSession.Stores;
using Xunit;

namespace ClusterSession.Tests.Asking;

/// <summary>Frames between nodes, byte by byte, as docs/wire-formats.md has them.</summary>
public sealed class NodeFrameTests
{
    private const long Process = 0x010203040506;
    private static readonly SessionKey Key = SessionKey.FromBytes(
        Convert.FromHexString("a0a1a2a3a4a5a6a7a8a9aaabacadaeaf")
    );
    private static readonly AskId Asked = new(0x0a0b0c0d0e0f, 0x1122334455667788);

    [Fact]
    public void Frames_have_the_bytes_of_the_page()
    {
        AssertBytes("01 010203040506 01 03", NodeFrame.Hello(Process, 1, NodeFrame.LeavingFlag | NodeFrame.NewFlag));
        AssertBytes(
            "02 010203040506 1122334455667788 a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
            NodeFrame.Ask(Process, Asked.Number, [Key])
        );
        AssertBytes(
            "03 010203040506 0a0b0c0d0e0f 1122334455667788 02 a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
            NodeFrame.Answer(Process, Asked, [(Key, AskAnswer.Restored)])
        );
        AssertBytes("04 010203040506 0a0b0c0d0e0f 1122334455667788 0102", NodeFrame.Done(Process, Asked, 258));
    }

    [Fact]
    public void Frames_are_read_as_they_were_written_whatever_a_later_release_adds()
    {
        byte[] hello = [.. NodeFrame.Hello(Process, 7, NodeFrame.LeavingFlag), 9, 9];
        Assert.True(NodeFrame.TryRead(hello, out var kind, out var process));
        Assert.Equal((FrameKind.Hello, Process), (kind, process));
        Assert.Equal(((byte)7, NodeFrame.LeavingFlag), NodeFrame.ReadHello(hello));

        var (number, keys) = NodeFrame.ReadAsk(NodeFrame.Ask(Process, Asked.Number, [Key, Key]));
        Assert.Equal(Asked.Number, number);
        Assert.Equal([Key, Key], keys);

        var answer = NodeFrame.Answer(Process, Asked, [(Key, AskAnswer.Ended), (Key, AskAnswer.MayNotRestore)]);
        Assert.Equal(Asked, NodeFrame.ReadAsked(answer));
        Assert.Equal([(Key, AskAnswer.Ended), (Key, AskAnswer.MayNotRestore)], NodeFrame.ReadAnswers(answer));

        byte[] done = [.. NodeFrame.Done(Process, Asked, 300), 1];
        Assert.Equal((Asked, 300), (NodeFrame.ReadAsked(done), NodeFrame.ReadDone(done)));
    }

    [Fact]
    public void Most_sessions_of_an_ask_and_of_an_answer_fit_into_a_frame()
    {
        Assert.Equal(255, NodeFrame.MaxAsked);
        Assert.InRange(
            NodeFrame.Ask(Process, 1, [.. Enumerable.Repeat(Key, NodeFrame.MaxAsked)]).Length,
            4080,
            IStoreChannel.MaxBytes
        );
        var most = Enumerable.Repeat((Key, AskAnswer.Restored), NodeFrame.MaxAnswered).ToArray();
        Assert.InRange(NodeFrame.Answer(Process, Asked, most).Length, 4080, IStoreChannel.MaxBytes);
    }

    [Fact]
    public void Frame_that_is_cut_or_of_an_unknown_kind_is_not_taken()
    {
        byte[][] frames =
        [
            NodeFrame.Hello(Process, 1, 0),
            NodeFrame.Ask(Process, 1, []),
            NodeFrame.Answer(Process, Asked, []),
            NodeFrame.Done(Process, Asked, 0),
        ];
        foreach (var frame in frames)
        {
            Assert.True(NodeFrame.TryRead(frame, out _, out _));
            Assert.All(Enumerable.Range(0, frame.Length), length =>
                Assert.False(NodeFrame.TryRead(frame.AsSpan(0, length), out _, out _))
            );
        }

        Assert.False(NodeFrame.TryRead([5, .. new byte[40]], out _, out _));
        Assert.False(NodeFrame.TryRead([0, .. new byte[40]], out _, out _));
    }

    private static void AssertBytes(string expected, byte[] frame) =>
        Assert.Equal(expected.Replace(" ", "", StringComparison.Ordinal), Convert.ToHexStringLower(frame));
}
