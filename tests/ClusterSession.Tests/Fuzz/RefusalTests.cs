using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using ClusterSession.Http.Cookies;
using ClusterSession.KeyRing;
using ClusterSession.Records;
using ClusterSession.Redis;
using ClusterSession.TestKit.Nodes;
using ClusterSession.TestKit.Redis;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace ClusterSession.Tests.Fuzz;

/// <summary>
/// What is stored and cannot be understood is a 503, and never a 500 or an empty session.
/// </summary>
public sealed class RefusalTests
{
    private static readonly byte[] Secret = RandomNumberGenerator.GetBytes(32);

    public static TheoryData<string> Replies =>
        [
            // lives for longer than there is time
            "*3\r\n$1\r\nm\r\n$11\r\n\x01\0\0\0\0\0\0\0\0\0\0\r\n:9223372036854775807\r\n",
            "*3\r\n$1\r\nm\r\n$11\r\n\x02\0\0\0\0\0\0\0\0\0\0\r\n:1\r\n", // another format
            "*3\r\n$1\r\nm\r\n$0\r\n\r\n:1\r\n",
            "*1\r\n:1\r\n", // no header
            "*2\r\n$1\r\nm\r\n:1\r\n", // no value
            "$3\r\nabc\r\n", // no array
            "+OK\r\n",
            "#t\r\n",
            "*3\r\n$1\r\nm\r\n*0\r\n:1\r\n",
            "?rubbish\r\n",
            TooMany(),
        ];

    [Theory]
    [MemberData(nameof(Replies))]
    public async Task Reply_that_cannot_be_understood_is_a_503_and_the_endpoint_does_not_run(string reply)
    {
        await using var server = new ScriptedRedisServer();
        server.OnCommand = command =>
            command[0] switch
            {
                "PING" => "+PONG\r\n",
                "EVAL" or "EVALSHA" => reply,
                "GET" => "_\r\n",
                _ => "-ERR unknown command\r\n",
            };
        await using var store = new RedisSessionStore(
            RedisOptions.Parse($"127.0.0.1:{server.Port},cluster=false"),
            "cs",
            TimeSpan.FromSeconds(1),
            TimeProvider.System,
            new Random(7),
            NullLogger<RedisSessionStore>.Instance
        );
        await using var node = await TestNode.StartAsync(store, options: options =>
            options.Keys.Add(new SessionKeyOptions { Id = 1, Secret = Convert.ToBase64String(Secret) })
        );
        var browser = node.Browser();
        using var random = RandomNumberGenerator.Create();
        browser.Cookie = SessionCookie.Write(
            SessionId.New(random),
            new SessionVersion(1, 1),
            new CookieKey(1, DateTimeOffset.UnixEpoch, Secret)
        );
        await browser.GetAsync("/set/color/red");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, browser.LastStatus);
    }

    /// <summary>A record with more versions than one can have.</summary>
    private static string TooMany()
    {
        const int Attributes = 66_000;
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"*{3 + (2 * Attributes)}\r\n");
        text.Append("$1\r\nm\r\n$11\r\n\x01\0\0\0\0\0\0\0\0\0\0\r\n");
        for (var i = 0; i < Attributes; i++)
        {
            var name = $"a{i}";
            text.Append(
                CultureInfo.InvariantCulture,
                $"${name.Length}\r\n{name}\r\n$14\r\n\0\0\0\0{(char)(i >> 16)}{(char)((i >> 8) & 255)}{(char)(i & 255)}\0\0\0\0\0\x01\0\r\n"
            );
        }

        return text.Append(":1\r\n").ToString();
    }
}
