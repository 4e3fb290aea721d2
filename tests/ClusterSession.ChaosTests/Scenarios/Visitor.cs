using System.Globalization;
using System.Text;
using System.Text.Json;
using ClusterSession.ChaosNode;
using ClusterSession.ChaosTests.Cluster;
using ClusterSession.ChaosTests.Load;
using ClusterSession.ChaosTests.Load.Http;
using Xunit;

namespace ClusterSession.ChaosTests.Scenarios;

/// <summary>
/// One client with one session, for stories in which each request counts, and none is load.
/// </summary>
internal sealed class Visitor
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private CookieJar _jar = new(session: 0);

    /// <summary>Another client with the same cookie.</summary>
    public Visitor Copy() => new() { _jar = _jar.Copy() };

    public async Task<NodeAnswer> SetAsync(ChaosNodeProcess at, string key, string value, string more = "") =>
        await AskAsync(at, $"/set?key={key}&value={value}{more}");

    /// <summary>
    /// The value of an attribute, or null, and whether the session is said to lack something that
    /// this client has seen.
    /// </summary>
    public async Task<(string? Value, bool IsRegressed)> GetAsync(ChaosNodeProcess at, string key)
    {
        var answer = await AskAsync(at, $"/get?key={key}");
        return (answer.Ops[0].Value, answer.IsRegressed);
    }

    /// <summary>Logs somebody out everywhere.</summary>
    public static async Task EndAllAsync(ChaosNodeProcess at, string principal)
    {
        var answer = await SendAsync(at, $"/end-all?principal={principal}", null, "POST");
        Assert.Equal(200, answer.Status);
    }

    /// <summary>
    /// The status alone, of a request after which the client knows no more than before.
    /// </summary>
    public async Task<int> StatusAsync(ChaosNodeProcess at) =>
        (await SendAsync(at, "/get?key=any", _jar.State.Cookie)).Status;

    /// <summary>What a counter of the node has come to.</summary>
    public static async Task<long> MetricAsync(ChaosNodeProcess at, string name) =>
        long.Parse(
            Encoding.UTF8.GetString((await SendAsync(at, $"/metric?name={name}", null)).Body),
            CultureInfo.InvariantCulture
        );

    /// <summary>A request without a session.</summary>
    public static async Task<string> PlainAsync(ChaosNodeProcess at, string target) =>
        Encoding.UTF8.GetString((await SendAsync(at, target, null)).Body);

    private async Task<NodeAnswer> AskAsync(ChaosNodeProcess at, string target)
    {
        var answer = await SendAsync(at, target, _jar.State.Cookie);
        Assert.Equal(200, answer.Status);
        _jar.Apply(answer, null, renewed: false);
        return JsonSerializer.Deserialize<NodeAnswer>(answer.Body, NodeAnswer.Json)!;
    }

    private static async Task<HttpAnswer> SendAsync(
        ChaosNodeProcess at,
        string target,
        string? cookie,
        string method = "GET"
    )
    {
        using var deadline = new CancellationTokenSource(Patience);
        using var connection = await PlainHttpConnection.ConnectAsync(at.EndPoint, deadline.Token);
        return await connection.SendAsync(method, target, cookie, null, deadline.Token);
    }
}
