using System.Text;
using ClusterSession.Redis.Protocol;

namespace ClusterSession.Redis.Connection;

/// <summary>Any command with any reply, for rare and administrative use; allocates.</summary>
internal sealed class RedisCommand : RedisRequest<RedisReply>
{
    private readonly byte[][] _arguments;
    private readonly bool _isSubscription;

    /// <summary>
    /// A command from its words, the name first. Each is sent as one argument of known length,
    /// whatever it holds.
    /// </summary>
    public RedisCommand(params string[] words)
        : this([.. words.Select(Encoding.UTF8.GetBytes)]) { }

    /// <summary>A command from its words as bytes, the name first.</summary>
    public RedisCommand(params byte[][] words)
    {
        ArgumentOutOfRangeException.ThrowIfZero(words.Length);
        _arguments = words;
        _isSubscription =
            Encoding.ASCII.GetString(words[0]).ToUpperInvariant()
                is "SUBSCRIBE"
                    or "UNSUBSCRIBE"
                    or "PSUBSCRIBE"
                    or "PUNSUBSCRIBE"
                    or "SSUBSCRIBE"
                    or "SUNSUBSCRIBE";
    }

    /// <inheritdoc/>
    public override bool IsAnsweredByPush => _isSubscription;

    /// <inheritdoc/>
    public override void WriteTo(ref RespWriter writer)
    {
        writer.WriteCommand(_arguments[0], _arguments.Length - 1);
        for (var i = 1; i < _arguments.Length; i++)
        {
            writer.WriteBulk(_arguments[i]);
        }
    }

    /// <inheritdoc/>
    protected override RedisReply Parse(ref RespReader reader) => RedisReply.ParseCurrent(ref reader);
}
