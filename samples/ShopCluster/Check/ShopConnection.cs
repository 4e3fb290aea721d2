using System.Net;
using System.Net.Http.Json;
using Shop.Carts;

namespace ShopCluster.Check;

/// <summary>
/// The shop's API as a client sees it: one request, repeated until a node answers.
/// </summary>
internal sealed class ShopConnection(Uri address, Tally tally)
{
    private const string CookieName = ".Shop";
    private static readonly TimeSpan GiveUpAfter = TimeSpan.FromSeconds(15);

    // Cookies are the clients' own business: each has its jar, and all share these connections, as
    // behind a real balancer.
    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseCookies = false })
    {
        Timeout = TimeSpan.FromSeconds(8),
    };

    /// <summary>
    /// Sends until answered. Every request of the shop may be repeated (an add carries its line's
    /// id), so whether a broken one had its effect does not matter. Null if nobody answered for a
    /// long time: then its effect is unknown.
    /// </summary>
    public async Task<Answer?> SendAsync(HttpMethod method, string path, string? cookie, string? product = null)
    {
        var deadline = DateTime.UtcNow + GiveUpAfter;
        for (var attempt = 1; ; attempt++)
        {
            if (await TryAsync(method, path, cookie, product) is { } answer)
            {
                return answer;
            }

            if (DateTime.UtcNow > deadline)
            {
                return null;
            }

            tally.CountRetry();
            await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(20 * attempt, 250)));
        }
    }

    private async Task<Answer?> TryAsync(HttpMethod method, string path, string? cookie, string? product)
    {
        using var request = new HttpRequestMessage(method, new Uri(address, path));
        if (cookie is not null)
        {
            request.Headers.TryAddWithoutValidation("Cookie", $"{CookieName}={cookie}");
        }

        if (product is not null)
        {
            request.Content = JsonContent.Create(new CartAddition(product));
        }

        try
        {
            using var response = await Http.SendAsync(request);
            if (
                response.StatusCode
                is HttpStatusCode.BadGateway
                    or HttpStatusCode.ServiceUnavailable
                    or HttpStatusCode.GatewayTimeout
            )
            {
                return null;
            }

            if (!response.IsSuccessStatusCode)
            {
                throw new DemoException(
                    $"{method} {path} was answered {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync()}"
                );
            }

            var view = (await response.Content.ReadFromJsonAsync<CartView>())!;
            var passedOn =
                response.Headers.TryGetValues("X-Upstreams", out var upstreams)
                && string.Concat(upstreams).Contains(',', StringComparison.Ordinal);
            tally.CountAnswer(view.Node, view.Source == "local copy", method != HttpMethod.Get, passedOn);
            return new Answer(view, NewCookie(response));
        }
        catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException or IOException)
        {
            return null;
        }
    }

    private static string? NewCookie(HttpResponseMessage response)
    {
        if (!response.Headers.TryGetValues("Set-Cookie", out var cookies))
        {
            return null;
        }

        var own = cookies.FirstOrDefault(cookie => cookie.StartsWith(CookieName + "=", StringComparison.Ordinal));
        return own?[(CookieName.Length + 1)..].Split(';')[0];
    }
}

/// <summary>An answer of the shop, and the cookie that came with it, if one did.</summary>
internal sealed record Answer(CartView View, string? Cookie);
