using ClusterSession.Redis;
using ClusterSession.TestKit.Redis;

namespace ClusterSession.Tests.Redis.Topology.Sentinel;

/// <summary>A sentinel that says what a test wants.</summary>
internal sealed class ScriptedSentinel : IAsyncDisposable
{
    private volatile State _state = new(0, 0, "master", [], [], 0);

    public ScriptedSentinel()
    {
        Server.Handshake = c =>
            c[0] switch
            {
                "HELLO" => ScriptedRedisServer
                    .DefaultHandshake(c)!
                    .Replace("$10\r\nstandalone", "$8\r\nsentinel", StringComparison.Ordinal)
                    .Replace("$6\r\nmaster", "$8\r\nsentinel", StringComparison.Ordinal),
                "INFO" => "-ERR unknown command\r\n",
                "CLIENT" => "+OK\r\n",
                _ => null,
            };
        Server.OnCommand = Answer;
    }

    public ScriptedRedisServer Server { get; } = new();

    public RedisEndpoint Endpoint => new("127.0.0.1", Server.Port);

    /// <summary>
    /// From now on it says this; port 0: it knows no such master. The former master is given while
    /// it finishes a failover: the flags are those of that one then.
    /// </summary>
    public void Say(
        int master,
        long epoch,
        string flags = "master",
        int[]? sentinels = null,
        int[]? replicas = null,
        int? former = null
    ) => _state = new State(master, epoch, flags, sentinels ?? [], replicas ?? [], former ?? master);

    /// <summary>Pushes a hint to all who have subscribed.</summary>
    public Task HintAsync() =>
        Server.SendAsync($">3\r\n{Bulk("message")}{Bulk("+switch-master")}{Bulk("mymaster 127.0.0.1 1 127.0.0.1 2")}");

    public ValueTask DisposeAsync() => Server.DisposeAsync();

    private string? Answer(string[] c)
    {
        var state = _state;
        return (c[0], c.ElementAtOrDefault(1)) switch
        {
            ("PING", _) => "+PONG\r\n",
            ("SUBSCRIBE", _) => $">3\r\n{Bulk("subscribe")}{Bulk(c[1])}:1\r\n",
            ("SENTINEL", "GET-MASTER-ADDR-BY-NAME") when state.Master == 0 => "_\r\n",
            ("SENTINEL", _) when state.Master == 0 => "-ERR No such master with that name\r\n",
            ("SENTINEL", "GET-MASTER-ADDR-BY-NAME") => $"*2\r\n{Bulk("127.0.0.1")}{Bulk(Text(state.Master))}",
            ("SENTINEL", "MASTER") => $"%4\r\n{Bulk("ip")}{Bulk("127.0.0.1")}{Bulk("port")}{Bulk(Text(state.Former))}"
                + $"{Bulk("flags")}{Bulk(state.Flags)}{Bulk("config-epoch")}{Bulk(Text(state.Epoch))}",
            ("SENTINEL", "SENTINELS") => List(state.Sentinels),
            ("SENTINEL", "REPLICAS") => List(state.Replicas),
            _ => "-ERR unknown command\r\n",
        };
    }

    private static string List(int[] ports) =>
        $"*{ports.Length}\r\n"
        + string.Concat(
            ports.Select(port =>
                $"%3\r\n{Bulk("ip")}{Bulk("127.0.0.1")}{Bulk("port")}{Bulk(Text(port))}{Bulk("flags")}{Bulk("slave")}"
            )
        );

    private static string Bulk(string text) => ScriptedRedisServer.Bulk(text);

    private static string Text(long number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private sealed record State(int Master, long Epoch, string Flags, int[] Sentinels, int[] Replicas, int Former);
}
