using System.Buffers.Binary;
using ClusterSession.Principals;
using ClusterSession.Records;
using ClusterSession.Stores;

namespace ClusterSession.Asking;

/// <summary>Frames between nodes as bytes.</summary>
/// <remarks>
/// <code>
/// offset  size  field
/// 0       1     kind
/// 1       6     process: the writer in the versions of its commits
///
/// hello   7     1   the newest protocol that it answers, and all before
///         8     1   bit 0: it leaves; bit 1: it is new, and wants to hear of the others
/// ask     7     8   number of the ask
///         15    16  key, for each session
/// answer  7     6   process that asked
///         13    8   number of the ask
///         21    17  answer (1) and key, for each session
/// done    7     6   process that asked
///         13    8   number of the ask
///         21    2   for how many sessions it has sent answers
/// </code>
/// Fields that are added to a frame later come behind these. A frame of another kind, or one that
/// is too short, is taken by nobody.
/// </remarks>
internal static class NodeFrame
{
    /// <summary>How many sessions one ask can name.</summary>
    public const int MaxAsked = (IStoreChannel.MaxBytes - AskHeader) / SessionKey.ByteLength;

    /// <summary>Of how many sessions one answer can speak.</summary>
    public const int MaxAnswered = (IStoreChannel.MaxBytes - AnswerHeader) / AnswerLength;

    public const byte LeavingFlag = 1;
    public const byte NewFlag = 2;

    private const int ProcessLength = 6;
    private const int Header = 1 + ProcessLength;
    private const int HelloLength = Header + 2;
    private const int AskHeader = Header + sizeof(long);
    private const int AnswerHeader = Header + ProcessLength + sizeof(long);
    private const int AnswerLength = 1 + SessionKey.ByteLength;
    private const int DoneLength = AnswerHeader + sizeof(ushort);

    public static byte[] Hello(long process, byte protocol, byte flags)
    {
        var frame = Begin(FrameKind.Hello, process, HelloLength);
        (frame[Header], frame[Header + 1]) = (protocol, flags);
        return frame;
    }

    /// <param name="process">Who asks.</param>
    /// <param name="number">The number that this process gave the ask.</param>
    /// <param name="keys">At most <see cref="MaxAsked"/>.</param>
    public static byte[] Ask(long process, long number, IReadOnlyCollection<SessionKey> keys)
    {
        var frame = Begin(FrameKind.Ask, process, AskHeader + (keys.Count * SessionKey.ByteLength));
        BinaryPrimitives.WriteInt64BigEndian(frame.AsSpan(Header), number);
        var at = AskHeader;
        foreach (var key in keys)
        {
            key.WriteBytes(frame.AsSpan(at));
            at += SessionKey.ByteLength;
        }

        return frame;
    }

    /// <param name="process">Who answers.</param>
    /// <param name="ask">What is answered.</param>
    /// <param name="answers">At most <see cref="MaxAnswered"/>.</param>
    public static byte[] Answer(long process, AskId ask, ReadOnlySpan<(SessionKey Key, AskAnswer Answer)> answers)
    {
        var frame = Begin(FrameKind.Answer, process, AnswerHeader + (answers.Length * AnswerLength));
        Write(frame, ask);
        var at = AnswerHeader;
        foreach (var (key, answer) in answers)
        {
            frame[at] = (byte)answer;
            key.WriteBytes(frame.AsSpan(at + 1));
            at += AnswerLength;
        }

        return frame;
    }

    public static byte[] Done(long process, AskId ask, int answers)
    {
        var frame = Begin(FrameKind.Done, process, DoneLength);
        Write(frame, ask);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(AnswerHeader), checked((ushort)answers));
        return frame;
    }

    /// <summary>The kind and the sender of a frame; false if this release cannot read it.</summary>
    public static bool TryRead(ReadOnlySpan<byte> frame, out FrameKind kind, out long process)
    {
        (kind, process) = (default, 0);
        if (frame.Length < Header)
        {
            return false;
        }

        (kind, process) = ((FrameKind)frame[0], PrincipalVector.ReadProcess(frame[1..]));
        return kind switch
        {
            FrameKind.Hello => frame.Length >= HelloLength,
            FrameKind.Ask => frame.Length >= AskHeader,
            FrameKind.Answer => frame.Length >= AnswerHeader,
            FrameKind.Done => frame.Length >= DoneLength,
            _ => false,
        };
    }

    public static (byte Protocol, byte Flags) ReadHello(ReadOnlySpan<byte> frame) => (frame[Header], frame[Header + 1]);

    public static (long Number, SessionKey[] Keys) ReadAsk(ReadOnlySpan<byte> frame)
    {
        var keys = new SessionKey[(frame.Length - AskHeader) / SessionKey.ByteLength];
        for (var i = 0; i < keys.Length; i++)
        {
            keys[i] = SessionKey.FromBytes(frame[(AskHeader + (i * SessionKey.ByteLength))..]);
        }

        return (BinaryPrimitives.ReadInt64BigEndian(frame[Header..]), keys);
    }

    /// <summary>What an answer, or the end of all answers, belongs to.</summary>
    public static AskId ReadAsked(ReadOnlySpan<byte> frame) =>
        new(
            PrincipalVector.ReadProcess(frame[Header..]),
            BinaryPrimitives.ReadInt64BigEndian(frame[(Header + ProcessLength)..])
        );

    public static (SessionKey Key, AskAnswer Answer)[] ReadAnswers(ReadOnlySpan<byte> frame)
    {
        var answers = new (SessionKey, AskAnswer)[(frame.Length - AnswerHeader) / AnswerLength];
        for (var i = 0; i < answers.Length; i++)
        {
            var item = frame[(AnswerHeader + (i * AnswerLength))..];
            answers[i] = (SessionKey.FromBytes(item[1..]), (AskAnswer)item[0]);
        }

        return answers;
    }

    public static int ReadDone(ReadOnlySpan<byte> frame) => BinaryPrimitives.ReadUInt16BigEndian(frame[AnswerHeader..]);

    private static byte[] Begin(FrameKind kind, long process, int length)
    {
        var frame = new byte[length];
        frame[0] = (byte)kind;
        PrincipalVector.WriteProcess(frame.AsSpan(1), process);
        return frame;
    }

    private static void Write(byte[] frame, AskId ask)
    {
        PrincipalVector.WriteProcess(frame.AsSpan(Header), ask.Process);
        BinaryPrimitives.WriteInt64BigEndian(frame.AsSpan(Header + ProcessLength), ask.Number);
    }
}
