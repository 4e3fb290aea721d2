using System.Net;
using System.Net.Http.Json;
using ShopCluster;

namespace FullCluster.Check.Fates;

/// <summary>The cookies of one browser, and requests that carry them.</summary>
internal sealed class Browser
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseCookies = false })
    {
        Timeout = TimeSpan.FromSeconds(8),
    };

    private readonly Dictionary<string, string> _cookies;

    public Browser() => _cookies = new(StringComparer.Ordinal);

    private Browser(Browser other) => _cookies = new(other._cookies, StringComparer.Ordinal);

    /// <summary>A cookie; null: it has none of that name.</summary>
    public string? Cookie(string name) => _cookies.GetValueOrDefault(name);

    /// <summary>
    /// A browser with the same cookies as this one now, as a tab that was open before has them.
    /// </summary>
    public Browser Copy() => new(this);

    /// <summary>
    /// Sends until a node answers. A 503 says that nothing has happened, so that also what must not
    /// be repeated may be.
    /// </summary>
    /// <exception cref="DemoException">Nobody answered, or a node refused it.</exception>
    public async Task<T> SendAsync<T>(HttpMethod method, Uri address, object? body = null)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        while (true)
        {
            using var request = new HttpRequestMessage(method, address);
            request.Headers.TryAddWithoutValidation(
                "Cookie",
                string.Join("; ", _cookies.Select(cookie => $"{cookie.Key}={cookie.Value}"))
            );
            request.Content = body is null ? null : JsonContent.Create(body);
            if (await TryAsync(request) is { } response)
            {
                using (response)
                {
                    return await ReadAsync<T>(request, response);
                }
            }

            if (deadline.IsCancellationRequested)
            {
                throw new DemoException(
                    $"{method} {address.PathAndQuery} was not answered within {Deadline.TotalSeconds:0} s."
                );
            }

            await Task.Delay(Pause, CancellationToken.None);
        }
    }

    private static async Task<HttpResponseMessage?> TryAsync(HttpRequestMessage request)
    {
        try
        {
            var response = await Http.SendAsync(request);
            if (
                response.StatusCode
                is not (HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout)
            )
            {
                return response;
            }

            response.Dispose();
            return null;
        }
        catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException)
        {
            return null;
        }
    }

    private async Task<T> ReadAsync<T>(HttpRequestMessage request, HttpResponseMessage response)
    {
        if (!response.IsSuccessStatusCode)
        {
            throw new DemoException(
                $"{request.Method} {request.RequestUri!.PathAndQuery} was answered {(int)response.StatusCode}: "
                    + await response.Content.ReadAsStringAsync()
            );
        }

        foreach (var line in response.Headers.TryGetValues("Set-Cookie", out var lines) ? lines : [])
        {
            var (name, value) = line.Split(';')[0].Split('=', 2) is [var key, var text] ? (key, text) : (line, "");
            if (value.Length > 0)
            {
                _cookies[name] = value;
            }
            else
            {
                _cookies.Remove(name);
            }
        }

        return (await response.Content.ReadFromJsonAsync<T>())!;
    }
}
