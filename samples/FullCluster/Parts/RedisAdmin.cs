using System.Net;
using System.Net.Sockets;

namespace FullCluster.Parts;

/// <summary>Speaks with any Redis of the site as the agents' user.</summary>
internal sealed class RedisAdmin(string user, string password)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan PatienceForAll = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The reply as text, an array one element per line; null: none came, or an error.
    /// </summary>
    public Task<string?> AskAsync(IPEndPoint redis, params string[] command) => SendAsync(redis, Patience, command);

    /// <summary>All that it holds; null: it did not respond.</summary>
    public async Task<RedisContent?> ContentAsync(IPEndPoint redis) =>
        await SendAsync(redis, PatienceForAll, ["EVAL", RedisContent.Script, "0"]) is { } answer
            ? RedisContent.Parse(answer)
            : null;

    /// <summary>The last line of the reply, such as a value of CONFIG GET.</summary>
    public async Task<string?> LastAsync(IPEndPoint redis, params string[] command) =>
        (await AskAsync(redis, command))?.Split('\n')[^1].Trim();

    private async Task<string?> SendAsync(IPEndPoint redis, TimeSpan patience, string[] command)
    {
        try
        {
            using var client = await RawRedisClient.ConnectAsync(redis.Address.ToString(), redis.Port, null, patience);
            if (await client.CommandAsync("AUTH", user, password) is not "OK")
            {
                return null;
            }

            var reply = await client.CommandAsync(command);
            return reply.StartsWith('-') ? null : reply;
        }
        catch (Exception failure)
            when (failure is IOException or SocketException or TimeoutException or FormatException)
        {
            return null;
        }
    }
}
