using ClusterSession.Principals;
using ClusterSession.Records;

namespace ClusterSession.Http.SignIn;

/// <summary>
/// Somebody has logged in to the session of this request, and its id changes before the response
/// headers leave. The last step and not the first: the one answer that names the new id should not
/// be a slow one.
/// </summary>
internal sealed class PersonChange
{
    /// <summary>Who it is; null for somebody without an identifier.</summary>
    public required PrincipalKey? Person { get; set; }

    /// <summary>
    /// Whether a sign-in was seen. It fails where the id cannot be changed; a login that only
    /// appears with a request may go on under the old id.
    /// </summary>
    public required bool IsSignIn { get; set; }

    /// <summary>
    /// The principal who was signed in, recorded in place of the one the request came with.
    /// </summary>
    public PrincipalKey? Principal { get; set; }

    /// <summary>Whether the id was changed, or is not changed by this request.</summary>
    public bool IsDone { get; set; }

    /// <summary>
    /// What was there of somebody else, if it was; it stays behind under the old id, which ends.
    /// </summary>
    public SessionRecord? Former { get; set; }

    /// <summary>
    /// The id that the session will have, where the application has asked for it already.
    /// </summary>
    public SessionId? NextId { get; set; }
}
