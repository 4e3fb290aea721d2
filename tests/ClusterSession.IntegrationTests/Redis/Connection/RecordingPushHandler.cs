using System.Collections.Concurrent;
using System.Text;
using ClusterSession.Redis.Connection;

namespace ClusterSession.IntegrationTests.Redis.Connection;

/// <summary>Writes down every push, in order.</summary>
internal sealed class RecordingPushHandler : IRedisPushHandler
{
    public ConcurrentQueue<string> Events { get; } = new();

    public void OnInvalidate(RedisConnection connection, ReadOnlySpan<byte> key) =>
        Events.Enqueue("invalidate " + Encoding.UTF8.GetString(key));

    public void OnInvalidateAll(RedisConnection connection) => Events.Enqueue("invalidate all");

    public void OnMessage(RedisConnection connection, ReadOnlySpan<byte> channel, ReadOnlySpan<byte> payload) =>
        Events.Enqueue($"message {Encoding.UTF8.GetString(channel)} {Encoding.UTF8.GetString(payload)}");
}
