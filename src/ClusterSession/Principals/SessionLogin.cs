using ClusterSession.Records;

namespace ClusterSession.Principals;

/// <summary>Whose request it is. A request of nobody has no login. Immutable.</summary>
/// <param name="Person">The person of its login, if it has one.</param>
/// <param name="Principal">The principal by the name that the application gives, if it is
/// anybody's.</param>
internal sealed record SessionLogin(PrincipalKey? Person, PrincipalKey? Principal)
{
    /// <summary>The login of a request; null where nothing is known of anybody.</summary>
    public static SessionLogin? Of(PrincipalKey? person, PrincipalKey? principal) =>
        person is null && principal is null ? null : new(person, principal);

    /// <summary>
    /// Whether a session that was given another id is that of this login: the person's, or where
    /// none is known that of the principal whose request has changed the id. Not that of everybody
    /// who has ever used it: an attacker may have used the session before planting it.
    /// </summary>
    public bool Owns(SessionRecord record) =>
        SessionPerson.Of(record) is { } owner
            ? owner == Person
            : SessionPerson.RotatedBy(record) is { } principal && principal == Principal;
}
