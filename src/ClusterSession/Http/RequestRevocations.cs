using ClusterSession.Principals;
using ClusterSession.Records;
using ClusterSession.Revoking;
using Microsoft.AspNetCore.Http;

namespace ClusterSession.Http;

/// <summary>
/// The revocations that a login of this request knows: those that the node had heard of when the
/// request began, and those that the request has made since.
/// </summary>
/// <param name="heard"><see cref="Revocations.Heard"/> when the request began.</param>
internal sealed class RequestRevocations(long heard)
{
    private Dictionary<PrincipalKey, (long Number, bool IsCurrentKept)>? _own;
    private List<SessionKey>? _logins;

    /// <summary>The logins that the request was authenticated by, or has made.</summary>
    public IReadOnlyList<SessionKey> Logins => _logins ?? [];

    public static RequestRevocations? Find(HttpContext? context) => context?.Features.Get<RequestRevocations>();

    /// <summary>
    /// The object of this request, which is made if there is none yet. It begins with what the node
    /// had heard of when the request began, as the session knows; without a session, with what the
    /// node has heard of by now.
    /// </summary>
    public static RequestRevocations Of(HttpContext context, Revocations revocations)
    {
        if (Find(context) is not { } ends)
        {
            ends = new RequestRevocations(RequestSession.Of(context)?.State.Login.Heard ?? revocations.Heard);
            context.Features.Set(ends);
        }

        return ends;
    }

    /// <summary>The bytes that a record of this request stores about a principal.</summary>
    /// <param name="context">The request, where it is known.</param>
    /// <param name="revocations">What the node knows.</param>
    /// <param name="principal">Whose record.</param>
    /// <param name="since">What had been heard of when the caller began.</param>
    /// <param name="isNewLogin">
    /// Whether this request made the login. Such a login knows every revocation that the request
    /// made before it. A login that came with the request knows only those that spare it.
    /// </param>
    public static byte[] Describe(
        HttpContext? context,
        Revocations revocations,
        PrincipalKey principal,
        long since,
        bool isNewLogin = true
    ) =>
        Find(context) is { } ends
            ? revocations.Describe(principal, Math.Min(since, ends.Heard), ends.OwnOf(principal, isNewLogin))
            : revocations.Describe(principal, since);

    /// <summary>The request has ended all sessions of this principal, by this number.</summary>
    /// <param name="principal">Whose.</param>
    /// <param name="number">The number of the end.</param>
    /// <param name="isCurrentKept">Whether what the request came with stays.</param>
    public void Made(PrincipalKey principal, long number, bool isCurrentKept) =>
        (_own ??= [])[principal] = (number, isCurrentKept);

    /// <summary>The request is authenticated by this login, or has made it.</summary>
    public void Uses(SessionKey login)
    {
        if (_logins?.Contains(login) != true)
        {
            (_logins ??= new(1)).Add(login);
        }
    }

    private long Heard { get; } = heard;

    private long OwnOf(PrincipalKey principal, bool isNewLogin) =>
        _own?.GetValueOrDefault(principal) is { } own && (isNewLogin || own.IsCurrentKept) ? own.Number : 0;
}
