using System.Net;
using Microsoft.Net.Http.Headers;

namespace ClusterSession.TestKit.Nodes;

/// <summary>A browser that keeps all cookies and takes them to any node.</summary>
public sealed class LoginBrowser(IDictionary<string, string>? cookies = null)
{
    public const string LoginCookie = ".AspNetCore.Cookies";

    public Dictionary<string, string> Cookies { get; } = cookies is null ? [] : new(cookies);

    /// <summary>The last response.</summary>
    public HttpResponseMessage? Last { get; private set; }

    public HttpStatusCode LastStatus => Last!.StatusCode;

    /// <summary>The login cookie, or null.</summary>
    public string? Login => Cookies.GetValueOrDefault(LoginCookie);

    /// <summary>Whether the last response set or deleted the login cookie.</summary>
    public bool LastSetLogin => SetCookies().Any(cookie => cookie.Name == LoginCookie);

    public async Task<string> GetAsync(string path, TestNode at)
    {
        using var client = at.CreateClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        return await SendAsync(request, client);
    }

    /// <summary>
    /// Sends a request of any kind with the cookies, and keeps those of the response.
    /// </summary>
    public async Task<string> SendAsync(HttpRequestMessage request, HttpClient client)
    {
        if (Cookies.Count > 0)
        {
            request.Headers.TryAddWithoutValidation(
                "Cookie",
                string.Join("; ", Cookies.Select(cookie => $"{cookie.Key}={cookie.Value}"))
            );
        }

        Last = await client.SendAsync(request);
        foreach (var cookie in SetCookies())
        {
            if (cookie.Value.Length == 0)
            {
                Cookies.Remove(cookie.Name.ToString());
            }
            else
            {
                Cookies[cookie.Name.ToString()] = cookie.Value.ToString();
            }
        }

        return await Last.Content.ReadAsStringAsync();
    }

    /// <summary>Another client with the same cookies: a second tab, or a thief.</summary>
    public LoginBrowser Copy() => new(Cookies);

    private SetCookieHeaderValue[] SetCookies() =>
        Last!.Headers.TryGetValues("Set-Cookie", out var cookies)
            ? [.. cookies.Select(text => SetCookieHeaderValue.Parse(text))]
            : [];
}
