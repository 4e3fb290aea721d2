using System.Text;

namespace ClusterSession.Redis.Protocol;

/// <summary>Classifies error replies; the one place that knows their texts.</summary>
internal static class RedisError
{
    private const int MaxTextLength = 200;

    /// <summary>The kind of an error reply.</summary>
    /// <remarks>
    /// Redis before 7.0 wraps an error raised inside a script: <c>ERR Error running script (call to
    /// f_..): @user_script:1: @user_script: 1: -READONLY You can't ...</c>; from 7.0 on the code
    /// is at the front there too.
    /// </remarks>
    public static RedisErrorKind Classify(ReadOnlySpan<byte> text)
    {
        var kind = FromCode(text);
        if (
            kind == RedisErrorKind.Other
            && text.StartsWith("ERR Error running script"u8)
            && text.IndexOf(": -"u8) is var at and >= 0
        )
        {
            return FromCode(text[(at + 3)..]);
        }

        if (kind == RedisErrorKind.Other && text.StartsWith("ERR "u8) && text.IndexOf("user_script"u8) >= 0)
        {
            return FromScript(text);
        }

        if (
            kind == RedisErrorKind.Other
            && text.StartsWith("ERR unknown command"u8)
            && text.IndexOf("HELLO"u8) is > 0 and < 24
        )
        {
            return RedisErrorKind.NoProto;
        }

        return kind;
    }

    /// <summary>Whether the kind says for certain that nothing was written.</summary>
    public static bool MeansNotExecuted(this RedisErrorKind kind) =>
        kind is not (RedisErrorKind.Other or RedisErrorKind.NoPerm or RedisErrorKind.Unblocked);

    /// <summary>
    /// The text of an error in a form that may be logged: one line, shortened, without arguments of
    /// the command.
    /// </summary>
    public static string Describe(ReadOnlySpan<byte> text)
    {
        // "ERR unknown command 'X', with args beginning with: 'key' 'value'": keys and values are
        // nobody's business.
        if (text.IndexOf("with args beginning with"u8) is var at and > 0)
        {
            text = text[..at].TrimEnd(", "u8);
        }

        var shown = Encoding.UTF8.GetString(text[..Math.Min(text.Length, MaxTextLength)]);
        return string.Create(shown.Length, shown, static (to, from) =>
        {
            for (var i = 0; i < to.Length; i++)
            {
                to[i] = char.IsControl(from[i]) ? ' ' : from[i];
            }
        });
    }

    /// <summary>
    /// Scripts fail by themselves at bytes that this library has not written. They are ended by
    /// others too (SCRIPT KILL), which says nothing of what is stored.
    /// </summary>
    private static RedisErrorKind FromScript(ReadOnlySpan<byte> text)
    {
        if (text.IndexOf("WRONGTYPE "u8) >= 0)
        {
            return RedisErrorKind.WrongType;
        }

        // Redis 7.0, and later ones: there without the code.
        if (text.IndexOf("The user executing the script can't"u8) >= 0 || text.IndexOf("ACL failure in script"u8) >= 0)
        {
            return RedisErrorKind.NoPerm;
        }

        return
            text.IndexOf(" attempt to "u8) >= 0
            || text.IndexOf("bad argument"u8) >= 0
            || text.IndexOf("too short"u8) >= 0
            || text.IndexOf("a damaged record"u8) >= 0
            || text.IndexOf("a record of another release"u8) >= 0
            ? RedisErrorKind.Unreadable
            : RedisErrorKind.Other;
    }

    private static RedisErrorKind FromCode(ReadOnlySpan<byte> text)
    {
        var space = text.IndexOf((byte)' ');
        var code = space < 0 ? text : text[..space];
        return code switch
        {
            _ when code.SequenceEqual("NOSCRIPT"u8) => RedisErrorKind.NoScript,
            _ when code.SequenceEqual("LOADING"u8) => RedisErrorKind.Loading,
            _ when code.SequenceEqual("READONLY"u8) => RedisErrorKind.ReadOnly,
            _ when code.SequenceEqual("OOM"u8) => RedisErrorKind.OutOfMemory,
            _ when code.SequenceEqual("NOREPLICAS"u8) => RedisErrorKind.NoReplicas,
            _ when code.SequenceEqual("MISCONF"u8) => RedisErrorKind.Misconf,
            _ when code.SequenceEqual("BUSY"u8) => RedisErrorKind.Busy,
            _ when code.SequenceEqual("MOVED"u8) => RedisErrorKind.Moved,
            _ when code.SequenceEqual("ASK"u8) => RedisErrorKind.Ask,
            _ when code.SequenceEqual("TRYAGAIN"u8) => RedisErrorKind.TryAgain,
            _ when code.SequenceEqual("CLUSTERDOWN"u8) => RedisErrorKind.ClusterDown,
            _ when code.SequenceEqual("MASTERDOWN"u8) => RedisErrorKind.MasterDown,
            _ when code.SequenceEqual("NOAUTH"u8) => RedisErrorKind.NoAuth,
            _ when code.SequenceEqual("WRONGPASS"u8) => RedisErrorKind.WrongPass,
            _ when code.SequenceEqual("NOPERM"u8) => RedisErrorKind.NoPerm,
            _ when code.SequenceEqual("EXECABORT"u8) => RedisErrorKind.ExecAbort,
            _ when code.SequenceEqual("CROSSSLOT"u8) => RedisErrorKind.CrossSlot,
            _ when code.SequenceEqual("WRONGTYPE"u8) => RedisErrorKind.WrongType,
            _ when code.SequenceEqual("FENCED"u8) => RedisErrorKind.Fenced,
            _ when code.SequenceEqual("UNBLOCKED"u8) => RedisErrorKind.Unblocked,
            _ when code.SequenceEqual("NOPROTO"u8) => RedisErrorKind.NoProto,
            _ => RedisErrorKind.Other,
        };
    }
}
