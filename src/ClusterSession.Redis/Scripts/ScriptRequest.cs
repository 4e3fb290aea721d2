using ClusterSession.Redis.Protocol;
using ClusterSession.Redis.Requests;

namespace ClusterSession.Redis.Scripts;

/// <summary>
/// A call of a script on one key, or on keys of one slot: by its name, or whole after the server
/// has answered that it does not know the name.
/// </summary>
/// <typeparam name="TResult">What the answer is parsed into.</typeparam>
internal abstract class ScriptRequest<TResult>(RedisScript script, RedisKeys keys)
    : StoreRequest<TResult>,
        IScriptRequest
{
    /// <inheritdoc/>
    public bool IsSentWhole { get; set; }

    protected RedisKeys Keys { get; } = keys;

    /// <summary>How many keys <see cref="WriteKey"/> writes.</summary>
    protected virtual int KeyCount => 1;

    /// <summary>How many arguments <see cref="WriteArguments"/> writes.</summary>
    protected abstract int ArgumentCount { get; }

    /// <inheritdoc/>
    public override void WriteTo(ref RespWriter writer)
    {
        var sent = script.Behind(Connection?.Gate);
        writer.WriteCommand(IsSentWhole ? "EVAL"u8 : "EVALSHA"u8, 2 + KeyCount + ArgumentCount);
        writer.WriteBulk(IsSentWhole ? sent.Body : sent.Sha);
        writer.WriteBulk(KeyCount);
        WriteKey(ref writer);
        WriteArguments(ref writer);
    }

    protected abstract void WriteKey(ref RespWriter writer);

    protected abstract void WriteArguments(ref RespWriter writer);
}
