using System.Security.Claims;
using ClusterSession.Http.SignIn;
using ClusterSession.Principals;
using ClusterSession.Records;
using ClusterSession.Revoking;
using Microsoft.AspNetCore.Http;

namespace ClusterSession.Http;

/// <summary>
/// Whose the session of a request is: which login was seen, which change of the id follows from it,
/// and what is recorded of it. Says what is to become of the session as a value. Reads how far the
/// request has come, and records the login in the attributes that it is given.
/// </summary>
/// <remarks>
/// <code>
/// seen                                        the session was     becomes
/// ------------------------------------------  ------------------  ------------------------------
/// a sign-in in this request                   nobody's or theirs  another id
///                                             another person's    empty but for what this
///                                                                 request sets; another id
/// a login that came with the request, at the  nobody's            another id; if the store is
///   open, else at the first use, else at                          away, later
///   the end of the run                        theirs              -
///                                             another person's    empty; another id
/// </code>
/// The id changes in the commit before the headers leave (<see cref="NewIdCommitter"/>). Of several
/// requests that see the login at once one wins; the others commit to its successor, and each of
/// their responses names it. A sign-in in a request that throws is taken back: its login does not
/// leave either.
/// </remarks>
/// <param name="heard"><see cref="Revocations.Heard"/> when the request began.</param>
internal struct RequestLogin(long heard)
{
    private PersonChange? _change;

    /// <summary>
    /// How many revocations this node had heard of when the request began: what its login records.
    /// </summary>
    public readonly long Heard => heard;

    /// <summary>Whether it is known who has logged in, so that nobody has to look again.</summary>
    public bool IsSeen { get; private set; }

    /// <summary>Whether the id has to change, if the session has one.</summary>
    public readonly bool MustChangeId => _change is { IsDone: false };

    /// <summary>
    /// Whether another person's session was emptied, whose id has not changed yet.
    /// </summary>
    public readonly bool LeavesFormer => _change?.Former is not null;

    /// <summary>
    /// Looks who has logged in, as far as the request has been authenticated by now.
    /// </summary>
    /// <param name="context">The request.</param>
    /// <param name="services">What knows of logins.</param>
    /// <param name="stored">The session's record; null for a new session.</param>
    /// <param name="progress">How far the request has come.</param>
    public LoginEffect Look(
        HttpContext context,
        RequestSessionServices services,
        SessionRecord? stored,
        in RequestProgress progress
    )
    {
        if (services.SignIns.EarlierIn(context) is { } earlier)
        {
            return progress.HaveHeadersLeft || progress.IsRejected
                ? LoginEffect.None
                : SignIn(earlier, context, services, stored, haveHeadersLeft: false);
        }

        if (services.SignIns.Persons.Of(context) is not { } person)
        {
            return LoginEffect.None;
        }

        IsSeen = true;
        return stored is not null && (SessionPerson.Of(stored) != person || SessionPerson.IsIdFromBeforeLogin(stored))
            ? Change(person, isSignIn: false, stored, progress.HaveHeadersLeft)
            : LoginEffect.None;
    }

    /// <summary>A user was signed in by this request.</summary>
    /// <param name="user">Who it is.</param>
    /// <param name="context">The request.</param>
    /// <param name="services">What knows of logins.</param>
    /// <param name="stored">The session's record; null for a new session.</param>
    /// <param name="haveHeadersLeft">Whether the client cannot be sent a cookie any more.</param>
    public LoginEffect SignIn(
        ClaimsPrincipal user,
        HttpContext context,
        RequestSessionServices services,
        SessionRecord? stored,
        bool haveHeadersLeft
    )
    {
        IsSeen = true;
        var effect = Change(services.SignIns.Persons.Of(user), isSignIn: true, stored, haveHeadersLeft);
        _change?.Principal = UserPrincipal.Of(user, context, services.Options);
        return effect;
    }

    /// <summary>What was there of another person stays behind under the present id.</summary>
    public readonly void Leave(SessionRecord former) => _change!.Former ??= former;

    /// <summary>What was another person's is gone with the session.</summary>
    public readonly void ForgetFormer() => _change?.Former = null;

    /// <summary>The id was changed, or is not changed by this request.</summary>
    public readonly void SetDone() => _change?.IsDone = true;

    /// <summary>
    /// The id that the session will have, where the application asks for it before.
    /// </summary>
    public readonly SessionId DrawNext(RequestSessionServices services) => _change!.NextId ??= services.DrawId();

    /// <summary>Drops the id of <see cref="DrawNext"/>: it is another session's.</summary>
    public readonly void DiscardNext() => _change?.NextId = null;

    /// <summary>
    /// The request has failed: a sign-in whose id was not changed has not happened.
    /// </summary>
    /// <param name="former">What the session was before, if it was another person's.</param>
    public bool TryTakeBack(out SessionRecord? former)
    {
        former = _change?.Former;
        if (_change is not { IsSignIn: true, IsDone: false })
        {
            return false;
        }

        _change = null;
        IsSeen = false;
        return true;
    }

    /// <summary>Whose request it is, as a value; null: nobody's.</summary>
    public readonly SessionLogin? Of(PrincipalKey? principal, HttpContext context, RequestSessionServices services) =>
        SessionLogin.Of(_change?.Person ?? services.SignIns.Persons.Of(context), principal);

    /// <summary>What a session that begins, or changes its id, says of itself.</summary>
    /// <param name="present">The id that it has.</param>
    /// <param name="drawn">The id that was drawn for it, if it is new.</param>
    /// <param name="principal">The principal whose request it is, or null.</param>
    /// <param name="context">The request.</param>
    /// <param name="services">What knows of logins.</param>
    public readonly NewIdRequest NewId(
        in SessionId present,
        SessionId? drawn,
        PrincipalKey? principal,
        HttpContext context,
        RequestSessionServices services
    )
    {
        var isSignIn = _change is { IsSignIn: true };
        var person =
            _change is not null ? _change.Person
            : services.SignIns.AreObserved ? services.SignIns.Persons.Of(context)
            : null;
        return new(
            present,
            drawn ?? _change?.NextId,
            person,
            principal,
            isSignIn,
            isSignIn && principal is { } known ? Describe(known, context, services, isNewLogin: true) : null,
            _change?.Former
        );
    }

    /// <summary>
    /// Records whose request it is, where the session does not have it yet. It must be recorded
    /// even if the request changes nothing else, or is not to change the session: else nobody could
    /// end that session. A request of nobody leaves what was recorded: it may be one that does not
    /// authenticate, and what a session was used for while somebody was logged in stays theirs.
    /// </summary>
    /// <returns>Who it is, or null.</returns>
    public readonly PrincipalKey? Record(
        ref SessionAttributes attributes,
        HttpContext context,
        RequestSessionServices services
    )
    {
        if ((_change?.Principal ?? services.PrincipalOf(context)) is not { } principal)
        {
            return null;
        }

        var record = attributes.Record;
        if (record is not null && SessionPrincipal.IsIn(record, principal))
        {
            if (_change is { IsSignIn: true, IsDone: false })
            {
                RecordAnew(record, principal, ref attributes, context, services);
            }

            return principal;
        }

        var name =
            record is not null && SessionPrincipal.IsIn(record)
                ? SessionPrincipal.NameOfFurther(principal)
                : SessionPrincipal.Name;
        if (!attributes.Delta.TryGet(name, out var recorded) || !SessionPrincipal.Is(recorded, principal))
        {
            var described = Describe(principal, context, services, _change is { IsSignIn: true });
            attributes.Delta.Set(name, described);
        }

        return principal;
    }

    /// <summary>
    /// This request is about to end all other sessions of a principal: records in this session that
    /// it survives that revocation.
    /// </summary>
    /// <returns>Whether it is that principal's.</returns>
    public static bool Keep(
        PrincipalKey principal,
        long number,
        ref SessionAttributes attributes,
        Revocations revocations
    )
    {
        var isKept = false;
        var delta = attributes.Delta;
        foreach (var drawn in (string[])[SessionPrincipal.Name, SessionPrincipal.NameOfFurther(principal)])
        {
            if (delta.TryGet(drawn, out var recorded) && SessionPrincipal.Is(recorded, principal))
            {
                delta.Set(drawn, revocations.Extend(recorded, number));
                isKept = true;
            }
        }

        if (
            !isKept
            && attributes.Record is { } record
            && SessionPrincipal.TryFind(record, principal, out var name, out var payload)
        )
        {
            delta.Set(name, revocations.Extend(payload, number));
            isKept = true;
        }

        return isKept;
    }

    private LoginEffect Change(PrincipalKey? person, bool isSignIn, SessionRecord? stored, bool haveHeadersLeft)
    {
        var isOthers = stored is not null && SessionPerson.Of(stored) is { } owner && owner != person;
        if (stored is not null && haveHeadersLeft)
        {
            return isOthers ? LoginEffect.StandAside : LoginEffect.None;
        }

        if (_change is null or { IsDone: true })
        {
            _change = new PersonChange { Person = person, IsSignIn = isSignIn };
        }

        _change.Person = person;
        _change.IsSignIn |= isSignIn;
        if (stored is null)
        {
            return LoginEffect.None; // Its id is not known to anybody yet.
        }

        return isOthers ? LoginEffect.NewIdAndEmpty : LoginEffect.NewId;
    }

    /// <summary>
    /// A person that signs in again has a new login, which knows the ends of the former ones.
    /// </summary>
    private readonly void RecordAnew(
        SessionRecord record,
        PrincipalKey principal,
        ref SessionAttributes attributes,
        HttpContext context,
        RequestSessionServices services
    )
    {
        var described = Describe(principal, context, services, isNewLogin: true);
        if (SessionPrincipal.TryFind(record, principal, out var name, out var known) && !known.SequenceEqual(described))
        {
            attributes.Delta.Set(name, described);
        }
    }

    private readonly byte[] Describe(
        PrincipalKey principal,
        HttpContext context,
        RequestSessionServices services,
        bool isNewLogin
    ) => RequestRevocations.Describe(context, services.Revocations, principal, heard, isNewLogin);
}
