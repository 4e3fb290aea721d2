using Microsoft.AspNetCore.Http;

namespace ClusterSession;

/// <summary>
/// How sessions behave. Bound from the configuration section <c>ClusterSession</c>, then changed by
/// code, then validated at start.
/// </summary>
public sealed class ClusterSessionOptions
{
    /// <summary>The configuration section these options are bound from.</summary>
    public const string Section = "ClusterSession";

    /// <summary>
    /// How long a session lives after its last use, never shorter. A request is a use when it opens
    /// the session and when it ends, and whenever it commits; one whose endpoint does not prolong
    /// sessions is a use only where it commits.
    /// </summary>
    /// <remarks>
    /// The node of the last use refuses the session within a second after this time, but not sooner
    /// than 2.75 times <see cref="TouchInterval"/> after the use. Every other node refuses it
    /// within 1.25 times <see cref="TouchInterval"/> more, because it knows only of those uses that
    /// the store was told of. Whichever node refuses the session ends it, on all nodes. While nodes
    /// have different values, as during a rolling change, the longest value counts among the nodes
    /// that used the session. Wall clocks play no part.
    /// </remarks>
    /// <value>Default 20 minutes; 1 second to 365 days.</value>
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromMinutes(20);

    /// <summary>
    /// How long a session lives at most, however much it is used. If the clocks of two nodes
    /// differ, the end moves by the difference.
    /// </summary>
    /// <value>Default null, no limit; else at least <see cref="IdleTimeout"/>.</value>
    public TimeSpan? AbsoluteTimeout { get; set; }

    /// <summary>The cookie.</summary>
    /// <value>
    /// Default <c>.ClusterSession</c>, HttpOnly, SameSite=Lax, SecurePolicy=SameAsRequest, Path=/,
    /// no expiry. Not essential, as that of <c>AddSession</c>:
    /// where a cookie policy asks for consent, it is sent only after that. <c>MaxAge</c> and
    /// <c>Expiration</c>: 1 second to 10 years; where one is set, the cookie is renewed once in a
    /// touch interval.
    /// </value>
    public CookieBuilder Cookie { get; set; } =
        new()
        {
            Name = ".ClusterSession",
            HttpOnly = true,
            SameSite = SameSiteMode.Lax,
            SecurePolicy = CookieSecurePolicy.SameAsRequest,
            Path = "/",
        };

    /// <summary>When a commit counts as done. Endpoints may say otherwise.</summary>
    /// <value>Default <see cref="SessionDurability.Primary"/>.</value>
    public SessionDurability Durability { get; set; } = SessionDurability.Primary;

    /// <summary>
    /// How many replicas a commit waits for under <see cref="SessionDurability.Replicated"/>.
    /// </summary>
    /// <value>Default 1; 1 to 16.</value>
    public int Replicas { get; set; } = 1;

    /// <summary>How long a commit waits for replicas.</summary>
    /// <value>Default 200 ms; 1 ms to 1 minute.</value>
    public TimeSpan ReplicaTimeout { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// How often reading prolongs a session in the store. Reads between two prolongations cost the
    /// store nothing. A node that did not see a session's last use may serve it for 1.25 of
    /// these intervals after <see cref="IdleTimeout"/>.
    /// </summary>
    /// <value>Default null: a tenth of <see cref="IdleTimeout"/>, at most 1 minute. Else 100 ms to
    /// <see cref="IdleTimeout"/>.</value>
    public TimeSpan? TouchInterval { get; set; }

    /// <summary>
    /// How long the store still keeps a session after its idle timeout, for requests that are
    /// running. A request that commits within this time finds the session, unless the session was
    /// refused to another request meanwhile, which ends it. New requests are not served from such a
    /// session. All nodes must have the same value: a node with a longer value treats a session as
    /// idle too early if another node has prolonged it. Change it on all nodes at once.
    /// </summary>
    /// <value>Default 1 minute; 0 to 1 day.</value>
    public TimeSpan LongestRequest { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Which application sessions belong to: a cookie of another one is refused, also where both
    /// share a store or <see cref="Keys"/>. Processes that share sessions, or end those of each
    /// other, need the same name, and environments that share a store (staging, production)
    /// different ones. Another name ends all sessions.
    /// </summary>
    /// <value>Default null: the name of the host's application, which is that of its assembly. Else
    /// 1 to 256 characters.</value>
    public string? ApplicationName { get; set; }

    /// <summary>
    /// What all keys in the store begin with. Applications that share it, <see
    /// cref="ApplicationName"/> and the cookie name share their sessions.
    /// </summary>
    /// <value>
    /// Default null: <c>cs.</c> and <see cref="ApplicationName"/>. Only a name that is too long or
    /// has other characters is changed: each other character becomes '-', what is too long is cut
    /// off at the end, and a part of the name's hash is added. Else 1 to 64 letters, digits, '.',
    /// '_' or '-'.
    /// </value>
    public string? KeyPrefix { get; set; }

    /// <summary>Bounds of the copies that this node keeps in memory.</summary>
    public LocalCopyOptions LocalCopies { get; set; } = new();

    /// <summary>
    /// Keys that sign the cookie; all of them verify. Of those that are active the one with the
    /// latest ActiveFrom signs, the first if several have the same. Where there are none, a ring is
    /// made once and shared by all nodes through the store.
    /// </summary>
    /// <value>Default empty.</value>
    public IList<SessionKeyOptions> Keys { get; set; } = [];

    /// <summary>
    /// How long a key of the shared ring signs before a new one is made. Has no effect where
    /// <see cref="Keys"/> are given.
    /// </summary>
    /// <value>Default 90 days; 1 hour to 10 years, and at least a thirtieth of a session's life in
    /// the store: a ring holds 32 keys.</value>
    public TimeSpan KeyRotation { get; set; } = TimeSpan.FromDays(90);

    /// <summary>
    /// What this node does while its store is slow, down, or comes back as another.
    /// </summary>
    public OutageOptions Outage { get; set; } = new();

    /// <summary>
    /// How long requests that still bring the old id are served by the session under its new one,
    /// after <see cref="IClusterSession.RotateIdAsync"/>, if they bring the login of its user too.
    /// Without that login the old id is dead at once.
    /// </summary>
    /// <value>Default 10 seconds; 0 to 1 minute.</value>
    public TimeSpan RotationGrace { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// What happens to requests without a local copy while the store is not responding.
    /// </summary>
    /// <value>Default <see cref="SessionOutagePolicy.Reject"/>.</value>
    public SessionOutagePolicy OnStoreUnavailable { get; set; } = SessionOutagePolicy.Reject;

    /// <summary>
    /// How long a rejected request is asked to wait, as the Retry-After header in whole seconds.
    /// </summary>
    /// <value>Default 2 seconds; 1 second to 1 hour.</value>
    public TimeSpan RetryAfter { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// The largest value of one attribute; a larger one is refused when it is set.
    /// </summary>
    /// <value>Default 1 MiB; 1 byte to 48 MiB, and at most <see cref="MaxSessionBytes"/>.</value>
    public int MaxAttributeBytes { get; set; } = 1024 * 1024;

    /// <summary>
    /// The largest session, in bytes: names and values of its attributes, and 15 bytes for each.
    /// What would become larger is refused when it is set, and by the store. Each node that does
    /// not know a session reads all of it, and so does each that hears of a change.
    /// </summary>
    /// <value>Default 16 MiB; 1 KiB to 48 MiB, and at least
    /// <see cref="MaxAttributeBytes"/>.</value>
    public int MaxSessionBytes { get; set; } = 16 * 1024 * 1024;

    /// <summary>The most attributes one session holds. Removed ones do not count.</summary>
    /// <value>Default 16,384; 1 to 65,000.</value>
    public int MaxAttributes { get; set; } = 16 * 1024;

    /// <summary>
    /// The longest name of an attribute, in bytes of UTF-8; a longer one is refused when it is set.
    /// </summary>
    /// <value>Default 1,024; 1 to 65,535.</value>
    public int MaxAttributeNameBytes { get; set; } = 1024;

    /// <summary>
    /// Whether what a request changed before it threw is committed, as <c>AddSession</c> does;
    /// false: all or nothing. After a rotation or an end that failed nothing is committed in either
    /// case.
    /// </summary>
    /// <value>Default true.</value>
    public bool CommitOnException { get; set; } = true;

    /// <summary>
    /// Who is logged in, by a name that stays the same for a person or account, or null for nobody.
    /// The session remembers it (as a hash), so that
    /// <see cref="ISessionManager.EndAllAsync(string)"/> finds it. Asked by every request that uses
    /// a session, before its endpoint runs and again when it commits; from several requests at
    /// once.
    /// </summary>
    /// <value>
    /// Default: of an authenticated <see cref="HttpContext.User"/> the claim
    /// <see cref="System.Security.Claims.ClaimTypes.NameIdentifier"/>, else <c>sub</c>, else
    /// <see cref="System.Security.Claims.ClaimTypes.PrimarySid"/>, else the identity's name. A
    /// request of nobody leaves what the session remembers.
    /// </value>
    public Func<HttpContext, string?> Principal { get; set; } = Options.DefaultPrincipal.Of;

    /// <summary>
    /// Whether a login gives the session another id before the response of the same request leaves,
    /// and, if it is another person's than the last one's, empties it. False: the application calls
    /// <see cref="IClusterSession.RotateIdAsync"/> and <see cref="IClusterSession.DestroyAsync"/>
    /// itself.
    /// </summary>
    /// <value>Default true.</value>
    public bool RotateIdAtSignIn { get; set; } = true;

    /// <summary>
    /// The authentication schemes that log a browser's user in. Logins of other schemes, such as
    /// bearer tokens, are remembered for <see cref="ISessionManager.EndAllAsync(string)"/> and
    /// change no session.
    /// </summary>
    /// <value>
    /// Default empty: the default scheme if it can sign in. Else the only other scheme that can;
    /// else the scheme that the default scheme forwards to; else the default sign-in scheme.
    /// </value>
    public IList<string> SignInSchemes { get; set; } = [];

    /// <summary>
    /// Names of attributes that stay when another person logs in to a session, such as the language
    /// or a basket. The new user sees what the former one has left there.
    /// </summary>
    /// <value>Default empty.</value>
    public IList<string> CarriedAttributes { get; set; } = [];

    /// <summary>
    /// How long a login of <see cref="ClusterSessionBuilder.AddTicketStore"/> lives at most without
    /// being renewed: a ticket that says more ends then. The store remembers every end for longer
    /// than this, also the ends of sessions, so that nothing from before can come back.
    /// </summary>
    /// <value>
    /// Default null: the longest <c>ExpireTimeSpan</c> of the cookie schemes, and at least 14 days.
    /// Else 1 minute to 10 years. Where it is shorter than the longest <c>ExpireTimeSpan</c>, that
    /// one counts, and the 14 days do not. Without a ticket store it has no effect.
    /// </value>
    public TimeSpan? LongestTicketLife { get; set; }

    /// <summary>
    /// Whether login cookies of <see cref="ClusterSessionBuilder.AddTicketStore"/> go on to hold
    /// the whole ticket, so that nodes without a ticket store read them: the first of two steps of
    /// a rolling change. All nodes of either step read both kinds.
    /// </summary>
    /// <value>Default false: they name a ticket in the store.</value>
    public bool WholeLoginCookies { get; set; }

    internal List<string> BindingErrors { get; } = [];

    /// <summary>
    /// What seals the stored ring of keys, in base64: the first one; all of them open it. Empty: no
    /// secret.
    /// </summary>
    internal IReadOnlyList<string?> KeyRingSecrets { get; set; } = [];

    /// <summary>How long a ticket lives at most; zero where there is no ticket store.</summary>
    internal TimeSpan TicketLife => LazyTicketLife?.Value ?? TimeSpan.Zero;

    /// <summary>Set where there is a ticket store.</summary>
    internal Lazy<TimeSpan>? LazyTicketLife { get; set; }

    internal TimeSpan EffectiveTouchInterval =>
        TouchInterval ?? (IdleTimeout / 10 < TimeSpan.FromMinutes(1) ? IdleTimeout / 10 : TimeSpan.FromMinutes(1));

    /// <summary>
    /// How long the store keeps a session at least after the last use that it was told of. The
    /// touch interval is a part of that: a use just before the next touch is due prolongs the
    /// session, and the store is not told of it.
    /// </summary>
    internal TimeSpan LeastStoreLife => IdleTimeout + EffectiveTouchInterval + LongestRequest;

    /// <summary>
    /// How long the store is asked to keep a session. This is longer than
    /// <see cref="LeastStoreLife"/> by a quarter of the touch interval, so that a session in use is
    /// not prolonged with each commit.
    /// </summary>
    internal TimeSpan StoreLife => LeastStoreLife + (EffectiveTouchInterval / 4);

    /// <summary>
    /// How long an end is remembered: longer than any copy of what it ended can be in use.
    /// </summary>
    internal TimeSpan TombstoneLife => StoreLife + (StoreLife > TicketLife ? StoreLife : TicketLife);
}
