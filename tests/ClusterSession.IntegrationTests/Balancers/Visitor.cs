using System.Globalization;
using System.Net;
using ClusterSession.Records;

namespace ClusterSession.IntegrationTests.Balancers;

/// <summary>
/// A client with a cookie jar that sends every request on a connection of its own.
/// </summary>
internal sealed class Visitor(int port) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.Zero });

    /// <summary>The whole cookie, once there is one.</summary>
    public string? Cookie { get; private set; }

    /// <summary>Reads how often it came.</summary>
    public Task<Visit> ReadAsync(int? at = null) => SendAsync(HttpMethod.Get, at ?? port);

    /// <summary>Comes once more.</summary>
    public Task<Visit> WriteAsync(int? at = null) => SendAsync(HttpMethod.Post, at ?? port);

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private async Task<Visit> SendAsync(HttpMethod method, int at)
    {
        var address = $"http://127.0.0.1:{at.ToString(CultureInfo.InvariantCulture)}/";
        using var request = new HttpRequestMessage(method, address);
        if (Cookie is not null)
        {
            // Not alone, and not first: as in a browser.
            request.Headers.Add("Cookie", $"theme=dark.1; {Cookie}; other=1");
        }

        using var response = await _http.SendAsync(request);
        if (response.Headers.TryGetValues("Set-Cookie", out var set))
        {
            Cookie = set.Single().Split(';')[0];
        }

        var body = await response.Content.ReadAsStringAsync();
        return new(
            response.StatusCode,
            Header(response, "X-Node"),
            response.StatusCode == HttpStatusCode.OK ? int.Parse(body, CultureInfo.InvariantCulture) : 0,
            Header(response, "Session-Commit"),
            response.Headers.RetryAfter is not null
        );
    }

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? string.Join(',', values) : null;
}
