using System.Net;
using System.Text.RegularExpressions;

namespace ClusterSession.IntegrationTests.Pages;

/// <summary>
/// A browser that reaches another node with every request, also when it follows a redirect.
/// </summary>
internal sealed partial class WebBrowser : IDisposable
{
    private readonly HttpClient _http;
    private readonly List<Uri> _nodes;
    private int _turn;

    public WebBrowser(params WebNode[] nodes)
        : this([.. nodes.Select(node => node.Address)]) { }

    public WebBrowser(params Uri[] nodes)
    {
        _nodes = [.. nodes];
        // The cookies go to every port of a host, as those of browsers do.
        _http = new HttpClient(new SocketsHttpHandler { CookieContainer = Cookies, AllowAutoRedirect = false });
    }

    /// <summary>The cookies.</summary>
    public CookieContainer Cookies { get; } = new();

    /// <summary>The last page.</summary>
    public string Page { get; private set; } = "";

    /// <summary>Goes to these nodes from now on.</summary>
    public void UseNodes(params WebNode[] nodes)
    {
        _nodes.Clear();
        _nodes.AddRange(nodes.Select(node => node.Address));
    }

    /// <summary>The text of an element of the last page.</summary>
    public string Text(string id) =>
        Regex.Match(Page, $"<p id=\"{id}\">(?<text>[^<]*)</p>") is { Success: true } element
            ? WebUtility.HtmlDecode(element.Groups["text"].Value)
            : throw new InvalidOperationException($"The page has no element '{id}':\n{Page}");

    /// <summary>
    /// Another browser with the same cookies at other nodes: a thief, or a second tab.
    /// </summary>
    public WebBrowser Copy(params WebNode[] nodes)
    {
        var copy = new WebBrowser(nodes);
        copy.Cookies.Add(Cookies.GetAllCookies());
        return copy;
    }

    /// <summary>Opens a page.</summary>
    public Task OpenAsync(string path) => SendAsync(HttpMethod.Get, path);

    /// <summary>Sends a request as a script of a page does.</summary>
    public async Task SendAsync(HttpMethod method, string path, HttpContent? content = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(NextNode(), path)) { Content = content };
        using var response = await _http.SendAsync(request);
        if (response.StatusCode == HttpStatusCode.Redirect)
        {
            var location = response.Headers.Location!;
            await OpenAsync(location.IsAbsoluteUri ? location.PathAndQuery : location.OriginalString);
            return;
        }

        Page = await response.Content.ReadAsStringAsync();
        if (response.StatusCode != HttpStatusCode.OK)
        {
            throw new InvalidOperationException($"{method} {path} was answered with {response.StatusCode}:\n{Page}");
        }
    }

    /// <summary>
    /// Sends the form of the last page that leads there, with its antiforgery token.
    /// </summary>
    public Task SubmitAsync(string action, params (string Name, string Value)[] fields)
    {
        var form = Page[Page.IndexOf($"action=\"{action}\"", StringComparison.Ordinal)..];
        var token = Token().Match(form).Groups["value"].Value;
        return SendAsync(HttpMethod.Post, action, Form([.. fields, ("__RequestVerificationToken", token)]));
    }

    /// <summary>Sends a form without its token; the status.</summary>
    public async Task<HttpStatusCode> ForgeAsync(string action, params (string Name, string Value)[] fields)
    {
        using var response = await _http.PostAsync(new Uri(NextNode(), action), Form(fields));
        return response.StatusCode;
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private Uri NextNode() => _nodes[_turn++ % _nodes.Count];

    private static FormUrlEncodedContent Form((string Name, string Value)[] fields) =>
        new(fields.Select(field => KeyValuePair.Create(field.Name, field.Value)));

    [GeneratedRegex("name=\"__RequestVerificationToken\"( type=\"hidden\")? value=\"(?<value>[^\"]+)\"")]
    private static partial Regex Token();
}
