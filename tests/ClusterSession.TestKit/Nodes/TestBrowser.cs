using System.Net;
using Microsoft.Net.Http.Headers;

namespace ClusterSession.TestKit.Nodes;

/// <summary>A client with a cookie jar of one cookie, which it can take to any node.</summary>
public sealed class TestBrowser(TestNode node)
{
    private const string CookieName = ".ClusterSession";

    /// <summary>The session cookie's value, or null.</summary>
    public string? Cookie { get; set; }

    /// <summary>The whole Cookie header in place of the jar's cookie, or null.</summary>
    public string? CookieHeader { get; set; }

    /// <summary>The last response.</summary>
    public HttpResponseMessage? Last { get; private set; }

    /// <summary>The part of the cookie that names the session.</summary>
    public string? Id => Cookie?.Split('.')[0];

    public bool LastSetCookie => Last!.Headers.Contains("Set-Cookie");

    /// <summary>
    /// The Set-Cookie header of the session cookie in the last response, or null.
    /// </summary>
    public SetCookieHeaderValue? LastCookie { get; private set; }

    public HttpStatusCode LastStatus => Last!.StatusCode;

    public Task<string> GetAsync(string path) => GetAsync(path, node);

    public Task<string> HeadAsync(string path) => GetAsync(path, node, HttpMethod.Head);

    public async Task<string> GetAsync(string path, TestNode at, HttpMethod? method = null)
    {
        using var client = at.CreateClient();
        using var request = Request(path, method);
        Take(await client.SendAsync(request));
        return await Last!.Content.ReadAsStringAsync();
    }

    /// <summary>
    /// Asks until the answer is no 503: a node that has not found the new master yet says nothing
    /// of the session.
    /// </summary>
    public async Task<string> GetOnceFoundAsync(string path, TestNode at)
    {
        var body = "";
        await Condition.HoldsAsync(
            async () =>
            {
                body = await GetAsync(path, at);
                return LastStatus != HttpStatusCode.ServiceUnavailable;
            },
            "the node has found the new master"
        );
        return body;
    }

    /// <summary>
    /// Asks and comes back as soon as the headers are here; the body may still be on its way.
    /// </summary>
    public async Task<Stream> BeginAsync(string path, TestNode? at = null)
    {
        var client = (at ?? node).CreateClient();
        using var request = Request(path);
        Take(await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead));
        return await Last!.Content.ReadAsStreamAsync();
    }

    /// <summary>Another client with the same cookie: a second tab, or a thief.</summary>
    public TestBrowser Copy() => new(node) { Cookie = Cookie };

    private HttpRequestMessage Request(string path, HttpMethod? method = null)
    {
        var request = new HttpRequestMessage(method ?? HttpMethod.Get, path);
        var header = CookieHeader ?? (Cookie is null ? null : $"other=1; {CookieName}={Cookie}");
        if (header is not null)
        {
            request.Headers.TryAddWithoutValidation("Cookie", header);
        }

        return request;
    }

    private void Take(HttpResponseMessage response)
    {
        Last = response;
        LastCookie = response.Headers.TryGetValues("Set-Cookie", out var cookies)
            ? cookies
                .Select(text => SetCookieHeaderValue.Parse(text))
                .LastOrDefault(cookie => cookie.Name == CookieName)
            : null;
        if (LastCookie is not null)
        {
            Cookie = LastCookie.Value.Length == 0 ? null : LastCookie.Value.ToString();
        }
    }
}
