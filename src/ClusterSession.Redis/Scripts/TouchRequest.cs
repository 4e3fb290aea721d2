using ClusterSession.Records;
using ClusterSession.Redis.Protocol;
using ClusterSession.Redis.Requests;
using ClusterSession.Stores;

namespace ClusterSession.Redis.Scripts;

/// <summary>touch.lua.</summary>
internal sealed class TouchRequest(RedisKeys keys, SessionKey key, TimeSpan life, TimeSpan leastLife)
    : ScriptRequest<StoreTouch>(RedisScript.Touch, keys)
{
    public override int RouteLength => Keys.SessionLength;

    protected override int ArgumentCount => 2;

    public override void WriteRoute(Span<byte> destination) => Keys.WriteSession(destination, key);

    public override StoreTouch Unavailable(StoreFailure failure) => StoreTouch.Unavailable(failure);

    public override StoreTouch Damaged(string what) => StoreTouch.Damaged(what);

    protected override void WriteKey(ref RespWriter writer) => Keys.WriteSession(ref writer, key);

    protected override void WriteArguments(ref RespWriter writer)
    {
        writer.WriteBulk((long)Math.Ceiling(life.TotalMilliseconds));
        writer.WriteBulk((long)Math.Ceiling(leastLife.TotalMilliseconds));
    }

    protected override StoreTouch Parse(ref RespReader reader)
    {
        var result = reader.Bytes switch
        {
            [(byte)'T', .. var version] when SessionVersion.TryRead(version, out var stored) => StoreTouch.Touched(
                stored
            ),
            [(byte)'K', .. var version] when SessionVersion.TryRead(version, out var stored) => StoreTouch.Kept(stored),
            [(byte)'M'] => StoreTouch.Missing,
            [(byte)'D'] => StoreTouch.Destroyed,
            [(byte)'T' or (byte)'K', ..] => StoreTouch.Damaged("its version cannot be read"),
            _ => throw new RespProtocolException(
                "The touch script answered with something else than a letter and a version."
            ),
        };
        HasWritten = reader.Bytes is [(byte)'T', ..]; // Whatever is wrong with what it has prolonged.
        return result;
    }
}
