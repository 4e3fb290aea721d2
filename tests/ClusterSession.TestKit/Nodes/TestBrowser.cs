using System.Net;
using Microsoft.Net.Http.Headers;

namespace ClusterSession.TestKit.Nodes;

/// <summary>A client with a cookie jar of one cookie, which it can take to any node.</summary>
public sealed class TestBrowser(TestNode node)
{
    private const string CookieName = ".ClusterSession";

    /// <summary>The session cookie's value, or null.</summary>
    public string? Cookie { get; set; }

    /// <summary>The last response.</summary>
    public HttpResponseMessage? Last { get; private set; }

    public Task<string> GetAsync(string path) => GetAsync(path, node);

    public async Task<string> GetAsync(string path, TestNode at)
    {
        using var client = at.Server.CreateClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (Cookie is not null)
        {
            request.Headers.Add("Cookie", $"other=1; {CookieName}={Cookie}");
        }

        Last = await client.SendAsync(request);
        if (Last.Headers.TryGetValues("Set-Cookie", out var cookies)
            && cookies.Select(text => SetCookieHeaderValue.Parse(text)).FirstOrDefault(cookie => cookie.Name == CookieName) is { } set)
        {
            Cookie = set.Value.Length == 0 ? null : set.Value.ToString();
        }

        return await Last.Content.ReadAsStringAsync();
    }

    public bool LastSetCookie => Last!.Headers.Contains("Set-Cookie");

    public HttpStatusCode LastStatus => Last!.StatusCode;
}
