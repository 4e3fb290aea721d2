using Microsoft.AspNetCore.Http;

namespace ClusterSession.Tickets;

/// <summary>
/// What the ticket store, the authentication service and the cookie's writer of one request must
/// know of each other: the framework calls the first and the last without saying why.
/// </summary>
internal sealed class TicketRequest
{
    private readonly Dictionary<string, string?> _written = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _wholeTexts = new(StringComparer.Ordinal);
    private readonly HashSet<string> _answered = new(StringComparer.Ordinal);
    private int _signIns;

    /// <summary>
    /// Whether a sign-in is under way: a ticket that is stored now is a new login.
    /// </summary>
    public bool IsSigningIn => _signIns > 0;

    /// <summary>Whether a login was ended here that the store does not know of yet.</summary>
    public bool IsEndPending { get; set; }

    public static TicketRequest? Find(HttpContext? context) => context?.Features.Get<TicketRequest>();

    public static TicketRequest Of(HttpContext context)
    {
        if (Find(context) is not { } request)
        {
            context.Features.Set(request = new TicketRequest());
        }

        return request;
    }

    public void BeginSignIn() => _signIns++;

    public void EndSignIn() => _signIns--;

    /// <summary>
    /// The cookie of this scheme is to name this key, whatever key the framework knows; null: it is
    /// not to be written.
    /// </summary>
    public void Write(string scheme, string? key) => _written[scheme] = key;

    /// <summary>
    /// The cookie of this scheme is to hold this text, which the key is derived from.
    /// </summary>
    public void WriteWhole(string scheme, string text)
    {
        _written[scheme] = TicketKey.Of(text).Reveal();
        _wholeTexts[scheme] = text;
    }

    /// <summary>
    /// The text that the cookie of this scheme is to hold for a key; null if a reference.
    /// </summary>
    public string? WholeTextOf(string scheme, string key) =>
        _wholeTexts.TryGetValue(scheme, out var text) && TicketKey.Of(text).Reveal() == key ? text : null;

    /// <summary>The response says something of the login cookie of this scheme.</summary>
    public void Answered(string scheme) => _answered.Add(scheme);

    public bool IsAnswered(string scheme) => _answered.Contains(scheme);

    /// <summary>The framework knows the right key.</summary>
    public void WriteAsItIs(string scheme) => _written.Remove(scheme);

    /// <summary>
    /// Whether the cookie of this scheme is to name another key, or not to be written.
    /// </summary>
    public bool MustChange(string scheme, out string? key) => _written.TryGetValue(scheme, out key);
}
