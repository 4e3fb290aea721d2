using System.Security.Cryptography;
using ClusterSession.Committing;
using ClusterSession.Diagnostics;
using ClusterSession.Http.Cookies;
using ClusterSession.KeyRing;
using ClusterSession.Lifetime;
using ClusterSession.Local;
using ClusterSession.Principals;
using ClusterSession.Records;
using ClusterSession.Revoking;
using ClusterSession.Serialization;
using ClusterSession.Stores.Outage;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ClusterSession.Http;

/// <summary>
/// What the sessions of requests need of the node; one object, so that a request's session holds
/// one reference.
/// </summary>
internal sealed class RequestSessionServices
{
    private readonly SentCookies? _sentCookies;

    public RequestSessionServices(
        IOptions<ClusterSessionOptions> options,
        StoreGuard store,
        SessionCommitter committer,
        SessionEnds ends,
        Revocations revocations,
        NodeView view,
        KeyRingSource keyRing,
        ISessionSerializer serializer,
        RandomNumberGenerator random,
        TimeProvider time,
        LastHeadersCallback lastCallback,
        SessionMetrics metrics,
        InsecureCookies insecure,
        SignIns signIns,
        ILogger<ClusterSessionMiddleware> logger
    )
    {
        Options = options.Value;
        Store = store;
        Committer = committer;
        Ends = ends;
        Revocations = revocations;
        View = view;
        KeyRing = keyRing;
        Serializer = serializer;
        Random = random;
        Time = time;
        LastCallback = lastCallback;
        SignIns = signIns;
        Logger = new RequestLog(logger, metrics, time);
        SetCookie = new SetCookieHeader(Options.Cookie, Cookies, keyRing, insecure);
        var expires = Options.Cookie.MaxAge is not null || Options.Cookie.Expiration is not null;
        CookieTicks = expires ? CoarseClock.Ticks(Options.EffectiveTouchInterval) : 0;
        var hasCopies = Options.LocalCopies is { MaxCount: > 0, MaxBytes: > 0 };
        NewIds = new NewIdCommitter(this);
        _sentCookies = expires && !hasCopies ? new SentCookies(new CoarseClock(time)) : null;
    }

    private const int MaxDraws = 16;

    public ClusterSessionOptions Options { get; }

    public StoreGuard Store { get; }

    public SessionCommitter Committer { get; }

    public NewIdCommitter NewIds { get; }

    public SessionEnds Ends { get; }

    public Revocations Revocations { get; }

    public NodeView View { get; }

    public KeyRingSource KeyRing { get; }

    public CookieMemory Cookies { get; } = new();

    public SetCookieHeader SetCookie { get; }

    /// <summary>
    /// How old a cookie that expires at the client may grow before it is sent again, in ticks of
    /// the coarse clock; 0 for cookies that live as long as the browser.
    /// </summary>
    public int CookieTicks { get; }

    /// <summary>
    /// Whether the cookie of a session expires at the client, and this node has not sent it lately.
    /// </summary>
    public bool IsCookieAged(SessionKey key) =>
        CookieTicks > 0 && (_sentCookies?.IsOlderThan(CookieTicks, key) ?? View.IsCookieOlderThan(CookieTicks, key));

    /// <summary>The session's cookie leaves with a response.</summary>
    public void CookieSent(SessionKey key)
    {
        if (CookieTicks == 0)
        {
            return;
        }

        if (_sentCookies is null)
        {
            View.CookieSent(key);
        }
        else
        {
            _sentCookies.Sent(key);
        }
    }

    public PrincipalMemory Principals { get; } = new();

    public SignIns SignIns { get; }

    public ISessionSerializer Serializer { get; }

    public RandomNumberGenerator Random { get; }

    public TimeProvider Time { get; }

    public LastHeadersCallback LastCallback { get; }

    public RequestLog Logger { get; }

    /// <summary>
    /// A random id for a session. While a partition of the store does not respond, one in another
    /// partition: a new client belongs to none yet.
    /// </summary>
    public SessionId DrawId()
    {
        var id = SessionId.New(Random);
        for (var draws = 1; draws < MaxDraws && Store.IsAnyGivenUp && IsOut(id); draws++)
        {
            id = SessionId.New(Random);
        }

        return id;
    }

    /// <summary>The principal whose request it is, or null.</summary>
    public PrincipalKey? PrincipalOf(HttpContext context) =>
        Options.Principal(context) is { Length: > 0 } name ? Principals.KeyOf(name) : null;

    /// <summary>Whether the client of a request accepts the cookie.</summary>
    public bool MayCookieBeSent(HttpContext context) =>
        Options.Cookie.IsEssential || context.Features.Get<ITrackingConsentFeature>() is not { CanTrack: false };

    private bool IsOut(in SessionId id) => Store.IsGivenUp(Store.PartitionOf(SessionKey.Of(id)));
}
