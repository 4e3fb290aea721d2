using System.Globalization;
using System.IO.Compression;
using System.Text;
using ClusterSession.Http.Cookies;
using Microsoft.Net.Http.Headers;

namespace ClusterSession.Tests.DropIn;

/// <summary>
/// A client with a cookie jar, which says of each answer what a difference could be in: status,
/// body, what became of the session's cookie, and the exception that came out of the pipeline.
/// </summary>
internal sealed class DropInClient(DropInRun run, HttpClient http)
{
    private readonly Dictionary<string, string> _jar = [];
    private int _requests;

    private string SessionCookie => run.Kind == SessionKind.AddSession ? ".AspNetCore.Session" : ".ClusterSession";

    public IReadOnlyCollection<string> CookieNames => _jar.Keys;

    /// <summary>The name of an exception; the kinds of cancellation are one.</summary>
    public static string NameOf(Exception failure) =>
        failure is OperationCanceledException ? nameof(OperationCanceledException) : failure.GetType().Name;

    public Task<string> GetAsync(string path) => SendAsync(new DropInRequest("GET", path, [], []));

    public async Task<string> SendAsync(DropInRequest asked)
    {
        var number = $"{GetHashCode()}-{Interlocked.Increment(ref _requests)}";
        using var request = new HttpRequestMessage(new HttpMethod(asked.Verb), asked.Path);
        request.Headers.Add("Request-Number", number);
        lock (_jar)
        {
            if (_jar.Count > 0)
            {
                var cookies = _jar.Select(cookie => $"{cookie.Key}={cookie.Value}");
                request.Headers.TryAddWithoutValidation("Cookie", string.Join("; ", cookies));
            }
        }

        foreach (var header in asked.Headers)
        {
            request.Headers.TryAddWithoutValidation(header.Split(':')[0], header.Split(':')[1].Trim());
        }

        var observed = await ObserveAsync(request, asked);
        return run.Failures.TryGetValue(number, out var failure) ? $"{observed} !{failure}" : observed;
    }

    private async Task<string> ObserveAsync(HttpRequestMessage request, DropInRequest asked)
    {
        HttpResponseMessage response;
        try
        {
            response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        }
        catch (Exception) when (run.Server == HostKind.TestServer)
        {
            return "500 ''"; // TestServer hands the exception to its client, where a server answers with 500.
        }

        using var _ = response;
        var cookie = Take(response);
        string body;
        try
        {
            // TestServer passes on what an endpoint writes to HEAD, where a server drops it.
            body = await BodyAsync(response);
            body = asked.Verb == "HEAD" ? "" : body;
        }
        catch (Exception failure)
            when (failure is HttpRequestException or IOException or InvalidOperationException or InvalidDataException)
        {
            body = "(cut off)";
        }

        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{(int)response.StatusCode} '{body}'");
        if (cookie is "" or "-deleted" || (cookie == "-renewed" && asked.Shown.Contains("renewals")))
        {
            text.Append(CultureInfo.InvariantCulture, $" cookie{cookie}");
        }

        foreach (var header in asked.Shown.Where(header => header != "renewals"))
        {
            text.Append(CultureInfo.InvariantCulture, $" {header}=[{Shown(response, header)}]");
        }

        return text.ToString();
    }

    private static async Task<string> BodyAsync(HttpResponseMessage response)
    {
        await using var stream = await response.Content.ReadAsStreamAsync();
        var isPacked = response.Content.Headers.ContentEncoding.Contains("gzip");
        var plain = isPacked ? new GZipStream(stream, CompressionMode.Decompress) : stream;
        using var reader = new StreamReader(plain);
        var body = await reader.ReadToEndAsync();
        return body.Length <= 200 ? body : body[..200] + "...";
    }

    /// <summary>
    /// Keeps the cookies; says what became of the session's: null for nothing, else the rest of
    /// "cookie".
    /// </summary>
    private string? Take(HttpResponseMessage response)
    {
        string? became = null;
        foreach (var cookie in Cookies(response))
        {
            var name = cookie.Name.ToString();
            lock (_jar)
            {
                var before = _jar.GetValueOrDefault(name);
                if (cookie.Value.Length == 0 || cookie.Expires == DateTimeOffset.UnixEpoch)
                {
                    _jar.Remove(name);
                    became = IsSession(cookie) ? "-deleted" : became;
                    continue;
                }

                _jar[name] = cookie.Value.ToString();
                if (IsSession(cookie))
                {
                    // Ours names the last commit too, and is sent again with each: the same session
                    // all the same.
                    var isSame = before?.Split('.')[0] == cookie.Value.ToString().Split('.')[0];
                    became = isSame && run.Kind == SessionKind.AddClusterSession ? "-renewed" : "";
                }
            }
        }

        return became;
    }

    private string Shown(HttpResponseMessage response, string header)
    {
        if (header == "Set-Cookie")
        {
            return string.Join(" and ", Cookies(response).Where(IsSession).Select(Text));
        }

        var isThere =
            response.Headers.TryGetValues(header, out var values)
            || response.Content.Headers.TryGetValues(header, out values);
        return isThere ? string.Join(",", values!) : "";
    }

    private static IEnumerable<SetCookieHeaderValue> Cookies(HttpResponseMessage response) =>
        response.Headers.TryGetValues("Set-Cookie", out var values)
            ? values.Select(value => SetCookieHeaderValue.Parse(value))
            : [];

    private bool IsSession(SetCookieHeaderValue cookie) => cookie.Name == SessionCookie || cookie.Name == "own";

    /// <summary>
    /// The cookie without its value, and with one name for the default names of both.
    /// </summary>
    private string Text(SetCookieHeaderValue cookie)
    {
        var attributes = cookie.ToString().Split("; ").Skip(1).Order();
        return string.Join("; ", [cookie.Name == SessionCookie ? "session" : cookie.Name.ToString(), .. attributes]);
    }
}
