using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace ClusterSession.Http.SignIn;

/// <summary>
/// Which authentication schemes log a browser's user in. Only they give a session another id or
/// empty it: a bearer token beside the login, or the cookie between an external login and the
/// application's own, must not.
/// </summary>
/// <remarks>
/// <code>
/// SignInSchemes is set                                those
/// the default scheme can sign in (a cookie)           that one
/// else one other scheme can sign in                   that one; the interim cookies of Identity do
///                                                     not count
/// else the default scheme forwards (a policy scheme)  the one it forwards this request to, if that
///                                                     can sign in
/// else the default sign-in scheme can sign in         that one
/// else                                                none
/// the default scheme is a remote provider             its tickets besides: they are those of the
///                                                     cookie that it signs in to
/// </code>
/// Read from the options, not from the scheme provider: that one is asynchronous, and absent in
/// applications without authentication. Schemes that are added while the application runs have to
/// be named. Thread-safe.
/// </remarks>
internal sealed class LoginSchemes
{
    private const string IdentityComposite = "Identity.BearerAndApplication";
    private const string IdentityApplication = "Identity.Application";
    private const string BearerTokens = "Microsoft.AspNetCore.Authentication.BearerToken.BearerTokenHandler";

    /// <summary>Identity's cookies between two steps of one login.</summary>
    private static readonly string[] Interim =
    [
        "Identity.External",
        "Identity.TwoFactorUserId",
        "Identity.TwoFactorRememberMe",
    ];

    private readonly string[] _fixed; // Made once: every request of somebody who is logged in asks.
    private readonly string? _remoteDefault;
    private readonly string? _forwarding;
    private readonly HashSet<string> _canSignIn;
    private readonly IOptionsMonitor<PolicySchemeOptions> _policies;

    public LoginSchemes(
        IOptions<ClusterSessionOptions> options,
        IOptions<AuthenticationOptions> authentication,
        IOptionsMonitor<PolicySchemeOptions> policies
    )
    {
        _policies = policies;
        _fixed = [.. options.Value.SignInSchemes];
        var schemes = authentication.Value;
        _canSignIn =
        [
            .. schemes
                .Schemes.Where(static scheme => CanSignIn(scheme.HandlerType))
                .Select(static scheme => scheme.Name),
        ];
        DefaultSignIn = schemes.DefaultSignInScheme ?? DefaultOf(schemes);
        var name = schemes.DefaultAuthenticateScheme ?? DefaultOf(schemes);
        _remoteDefault =
            name is not null && schemes.SchemeMap.TryGetValue(name, out var remote) && IsRemote(remote.HandlerType)
                ? name
                : null;
        if (_fixed.Length > 0)
        {
            return;
        }

        var isForwarding =
            name is not null
            && schemes.SchemeMap.TryGetValue(name, out var scheme)
            && scheme.HandlerType == typeof(PolicySchemeHandler);
        string[] others = [.. _canSignIn.Except(Interim)];
        if (name == IdentityComposite)
        {
            _fixed = [IdentityApplication];
        }
        else if (name is not null && _canSignIn.Contains(name))
        {
            _fixed = [name];
        }
        else if (others.Length == 1)
        {
            _fixed = others;
        }
        else if (isForwarding)
        {
            _forwarding = name;
        }
        else if (DefaultSignIn is not null && others.Contains(DefaultSignIn))
        {
            _fixed = [DefaultSignIn];
        }
        else
        {
            Unclear = others;
        }
    }

    /// <summary>The scheme of a sign-in that names none.</summary>
    public string? DefaultSignIn { get; }

    /// <summary>
    /// The schemes that can sign in, where it is not clear which of them logs users in.
    /// </summary>
    public IReadOnlyList<string> Unclear { get; } = [];

    /// <summary>The schemes whose login counts for this request.</summary>
    public ReadOnlySpan<string> Of(HttpContext context) =>
        _forwarding is null ? _fixed
        : Target(_forwarding, context) is { } target ? new[] { target }
        : [];

    /// <summary>Whether a login of this scheme is that of the browser's user.</summary>
    public bool IsLogin(string? scheme, HttpContext context) =>
        scheme is not null && (scheme == _remoteDefault || Of(context).Contains(scheme));

    private static string? DefaultOf(AuthenticationOptions schemes) =>
        schemes.DefaultScheme ?? (schemes.Schemes.Count() == 1 ? schemes.Schemes.First().Name : null);

    private static bool IsRemote(Type? handler)
    {
        for (; handler is not null; handler = handler.BaseType)
        {
            if (handler.IsGenericType && handler.GetGenericTypeDefinition() == typeof(RemoteAuthenticationHandler<>))
            {
                return true;
            }
        }

        return false;
    }

    private static bool CanSignIn(Type? handler) =>
        typeof(IAuthenticationSignInHandler).IsAssignableFrom(handler)
        && handler != typeof(PolicySchemeHandler)
        && handler!.FullName != BearerTokens;

    private string? Target(string policy, HttpContext context)
    {
        var options = _policies.Get(policy);
        var target = options.ForwardAuthenticate
            ?? options.ForwardDefaultSelector?.Invoke(context)
            ?? options.ForwardDefault;
        return target is not null && _canSignIn.Contains(target) ? target : null;
    }
}
