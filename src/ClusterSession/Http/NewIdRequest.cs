using ClusterSession.Principals;
using ClusterSession.Records;

namespace ClusterSession.Http;

/// <summary>What a session says of the id that it is to get. Immutable.</summary>
/// <param name="Present">The id that it has; of no meaning for a new session.</param>
/// <param name="Next">The id that it is to have; null: any. For a stored session it is drawn in
/// advance only where the application has asked for the name that the session will have.</param>
/// <param name="Person">The person whose it is from now on, as far as one is known.</param>
/// <param name="Principal">The principal whose request it is; null: nobody's.</param>
/// <param name="IsSignIn">
/// Whether a sign-in was seen. It fails where the id cannot be changed; a login that came with the
/// request may go on under the present id.
/// </param>
/// <param name="Recorded">What a session that begins anew records of the principal.</param>
/// <param name="Former">What was there of another person; it stays behind under the present
/// id.</param>
internal sealed record NewIdRequest(
    SessionId Present,
    SessionId? Next,
    PrincipalKey? Person,
    PrincipalKey? Principal,
    bool IsSignIn,
    byte[]? Recorded,
    SessionRecord? Former
);
