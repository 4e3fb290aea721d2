using System.Text;
using ClusterSession.Redis.Connection;
using ClusterSession.Redis.Protocol;

namespace ClusterSession.Tests.Redis.Connection;

/// <summary>
/// GET that notes, on the reader loop, when its reply was parsed among other events.
/// </summary>
internal sealed class RecordingRequest(string key, Action<string> note) : RedisRequest<string>
{
    public override void WriteTo(ref RespWriter writer)
    {
        writer.WriteCommand("GET"u8, 1);
        writer.WriteBulk(key);
    }

    protected override string Parse(ref RespReader reader)
    {
        var text = Encoding.UTF8.GetString(reader.Bytes);
        note("reply " + text);
        return text;
    }
}
