using ClusterSession.Principals;
using ClusterSession.Records;
using Xunit;

namespace ClusterSession.Tests.Principals;

/// <summary>Who follows a session to its new id.</summary>
public sealed class SessionLoginTests
{
    [Theory]
    [InlineData("anna", null, true)]
    [InlineData("anna", "bob", true)]
    [InlineData("bob", "anna", false)]
    [InlineData(null, "anna", false)]
    [InlineData(null, null, false)]
    public void Session_with_a_person_is_that_persons_alone(string? person, string? principal, bool isOwner)
    {
        var record = RecordOf(person: "anna", rotatedBy: "anna");
        Assert.Equal(isOwner, LoginOf(person, principal).Owns(record));
    }

    [Theory]
    [InlineData(null, "anna", true)]
    [InlineData("bob", "anna", true)]
    [InlineData("anna", "bob", false)]
    [InlineData("anna", null, false)]
    [InlineData(null, null, false)]
    public void Session_without_a_person_is_that_of_the_principal_who_changed_its_id(
        string? person,
        string? principal,
        bool isOwner
    )
    {
        var record = RecordOf(person: null, rotatedBy: "anna");
        Assert.Equal(isOwner, LoginOf(person, principal).Owns(record));
    }

    [Theory]
    [InlineData("anna", "anna")]
    [InlineData(null, null)]
    public void Session_that_nobody_known_gave_its_id_is_nobodys(string? person, string? principal)
    {
        var record = RecordOf(person: null, rotatedBy: null);
        Assert.False(LoginOf(person, principal).Owns(record));
    }

    [Fact]
    public void Who_has_only_used_a_session_does_not_own_it()
    {
        var mallory = PrincipalKey.Of("mallory");
        var record = RecordOf(person: null, rotatedBy: "anna", usedBy: mallory);
        Assert.True(SessionPrincipal.IsIn(record, mallory), "mallory is recorded as a user");
        Assert.False(new SessionLogin(mallory, mallory).Owns(record));
    }

    [Fact]
    public void Person_whose_login_has_not_changed_the_id_yet_owns_the_session()
    {
        var delta = new SessionDelta();
        delta.Set(SessionPerson.Name, SessionPerson.WithIdFromBeforeLogin(PrincipalKey.Of("anna")));
        var record = Apply(delta);
        Assert.True(LoginOf("anna", null).Owns(record));
        Assert.False(LoginOf("bob", null).Owns(record));
    }

    private static SessionLogin LoginOf(string? person, string? principal) => new(KeyOf(person), KeyOf(principal));

    private static PrincipalKey? KeyOf(string? name) => name is null ? null : PrincipalKey.Of(name);

    private static SessionRecord RecordOf(string? person, string? rotatedBy, PrincipalKey? usedBy = null)
    {
        var delta = new SessionDelta();
        delta.Set("basket", [1]);
        if (KeyOf(person) is { } owner)
        {
            delta.Set(SessionPerson.Name, owner.ToBytes());
        }

        if (KeyOf(rotatedBy) is { } principal)
        {
            delta.Set(SessionPerson.RotatedByName, principal.ToBytes());
        }

        if (usedBy is { } user)
        {
            delta.Set(SessionPrincipal.Name, user.ToBytes());
        }

        return Apply(delta);
    }

    private static SessionRecord Apply(SessionDelta delta) =>
        delta.ApplyTo(SessionRecord.New(DateTimeOffset.UnixEpoch), new SessionVersion(1, 1));
}
