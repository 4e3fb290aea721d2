using System.Security.Claims;
using ClusterSession.Committing;
using ClusterSession.Http.Cookies;
using ClusterSession.Opening;
using ClusterSession.Principals;
using ClusterSession.Records;
using Microsoft.AspNetCore.Http;

namespace ClusterSession.Http;

/// <summary>
/// What a request has of its session: attributes, id, owner, how far the request has come, and the
/// cookie. Gives what is to be committed as a value, and goes on with what became of it; knows
/// neither <see cref="SessionResponse"/> nor who commits.
/// </summary>
/// <remarks>
/// <code>
/// found at the open        begins as    a login of the request             Take gives
/// -----------------------  -----------  ---------------------------------  -----------------------
/// the session              stored       changes its id, or empties it too  Changes, or NewId
/// missing, ended, nothing  new          is recorded in it                  NewSession
/// rotated, and may be      aside        lets a sign-in begin a session of  Nothing; after such a
///   another person's now                  its own, which is new              sign-in NewSession
/// the store away           unavailable  -                                  Nothing
///
/// ended by others, while the request runs                                  Ended
/// a rotation or an end that was asked for has failed                       Refused
/// </code>
/// Aside: the session is empty and for this request alone (<see cref="SessionIdentity.IsAside"/>).
/// What was taken comes back once, as a <see cref="CommitResult"/> (<see cref="Settle"/>), and
/// before that, where it was to give an id, as a <see cref="NewIdResult"/>
/// (<see cref="SettleId"/>). A part of <see cref="RequestSession"/> and no object of its own,
/// because every request has one: changed in place and never copied. Not thread-safe.
/// </remarks>
internal struct SessionState
{
    public readonly RequestSessionServices Services;
    public readonly HttpContext Context;
    public RequestProgress Progress;
    public SessionAttributes Attributes;
    public SessionIdentity Identity;
    public RequestLogin Login;

    public SessionState(RequestSessionServices services, HttpContext context)
    {
        Services = services;
        Context = context;
        Login = new RequestLogin(services.Revocations.Heard);
    }

    /// <summary>What decides the cookie of the response; null as long as it needs none.</summary>
    public ResponseCookie? Cookie { get; private set; }

    /// <summary>The version of the copy.</summary>
    public readonly SessionVersion Version => Attributes.Record?.Version ?? SessionVersion.None;

    /// <summary>Whether a commit would write something: changes, or a new session that the
    /// application has established.</summary>
    public readonly bool HasChanges =>
        Attributes.HasChanges || (Attributes.MustBegin && !Identity.IsStored) || MustChangeId;

    /// <summary>Whether the id has to change before the headers leave.</summary>
    public readonly bool MustChangeId =>
        Login.MustChangeId
        && Identity.IsStored
        && Identity.IsAvailable
        && !Progress.HaveHeadersLeft
        && !Identity.IsEndedElsewhere;

    /// <summary>
    /// Whether another node may still bring what this client has seen and the record lacks. Then to
    /// remove an attribute that is not there, or to set a value that is there already, is a change
    /// all the same: else what that node brings would win over it.
    /// </summary>
    public readonly bool MayBeBehind =>
        Identity.IsStored && (Attributes.IsRegressed || Services.View.MayBeBehind(Identity.Key));

    private readonly CookieTarget Target => new(Identity.Id, Identity.Key, Version);

    private SessionRecord Record => Attributes.RecordOrNew(Services.Time);

    private SessionRecord? Stored => Identity.IsStored ? Record : null;

    /// <summary>What the application is given as the session's name.</summary>
    public string GivePublicName()
    {
        SessionId? next = Login.LeavesFormer ? Login.DrawNext(Services) : null;
        return Identity.PublicNameOf(Attributes.Record, next, Services);
    }

    /// <summary>Begins with a copy that was found.</summary>
    public void Begin(in CookieReading cookie, in OpenedSession opened)
    {
        Identity.Use(cookie.Id, cookie.Key);
        Attributes.Open(opened);
        RenewCookieIfOutdated(cookie);
        NoteLogin();
    }

    /// <summary>
    /// Names the successor in the cookie: another request has given the session a new id.
    /// </summary>
    public void NameSuccessor()
    {
        if (!MustChangeId)
        {
            NeedCookie().Name(Target, hasBegun: false);
        }
    }

    /// <summary>
    /// Records who is logged in, as far as it is known when a run begins or ends.
    /// </summary>
    public void NoteLogin()
    {
        if (!Progress.HaveHeadersLeft)
        {
            CheckLogin();
        }

        RecordPrincipal();
    }

    /// <summary>
    /// Whose session it is, as far as the request has been authenticated. Asked when it is opened,
    /// when it is used, and when the run ends: endpoints may authenticate with schemes of their
    /// own.
    /// </summary>
    public void CheckLogin()
    {
        if (!Login.IsSeen && Identity.IsAvailable && !Progress.IsOver && Services.SignIns.AreObserved)
        {
            Apply(Login.Look(Context, Services, Stored, Progress));
        }
    }

    /// <summary>A user was signed in by this request.</summary>
    public void SignIn(ClaimsPrincipal user) =>
        Apply(Login.SignIn(user, Context, Services, Stored, Progress.HaveHeadersLeft));

    /// <summary>What is to be committed. It is out of the session's hands then.</summary>
    public SessionCommit Take()
    {
        if (!HasChanges || !Identity.IsAvailable)
        {
            return default;
        }

        CheckLogin();
        var principal = RecordPrincipal(); // A new session has none yet, and an endpoint may have logged somebody in.
        var delta = Attributes.Take();
        if (Identity.MustNotCommit)
        {
            return new(SessionCommitKind.Refused, delta);
        }

        if (Identity.IsEndedElsewhere)
        {
            Attributes.NeedNotBegin();
            return new(SessionCommitKind.Ended, delta);
        }

        return CommitOf(
            !Identity.IsStored ? SessionCommitKind.NewSession
                : MustChangeId ? SessionCommitKind.NewId
                : SessionCommitKind.Changes,
            delta,
            principal
        );
    }

    /// <summary>
    /// The session as it is to be committed under another id. The changes stay here.
    /// </summary>
    public SessionCommit CopyForNewId()
    {
        var principal = RecordPrincipal();
        return CommitOf(SessionCommitKind.NewId, Attributes.Delta, principal);
    }

    /// <summary>Goes on under the id that a commit, or a rotation, has led to.</summary>
    public void SettleId(in NewIdResult result)
    {
        switch (result.Outcome)
        {
            case NewIdOutcome.Given:
                GoOnUnder(result, result.Commit.Record, result.Commit.IsComplete);
                Attributes.DropChanges();
                Attributes.NeedNotBegin();
                Progress.HasCommitted = true;
                break;
            case NewIdOutcome.Followed:
                GoOnUnder(result, result.Record, isComplete: true);
                break;
            case NewIdOutcome.PutOff:
                Login.SetDone();
                break;
            case NewIdOutcome.Failed:
                Identity.MustNotCommit = true;
                break;
            case NewIdOutcome.Ended:
                Clear();
                break;
        }

        if (result.HasCollided && result.Outcome != NewIdOutcome.Given)
        {
            Identity.Discard();
            Login.DiscardNext();
        }
    }

    /// <summary>Goes on with what became of a rotation that the application asked for.</summary>
    public void SettleRotation(in NewIdResult result)
    {
        SettleId(result);
        SessionRefusals.ThrowIfUnavailable(result.Commit, "The session's id could not be changed");
        if (result.Outcome != NewIdOutcome.Followed && result.Commit.Outcome == CommitOutcome.AlreadyEnded)
        {
            // Another request has rotated or ended it first; one id survives, and it is not this
            // one.
            var hasLost = Attributes.HasOwnChanges;
            EndElsewhere();
            if (hasLost)
            {
                throw SessionRefusals.EndedElsewhere();
            }
        }

        Identity.MustNotCommit = false;
    }

    /// <summary>Goes on with what became of the changes that were taken.</summary>
    public void Settle(in CommitResult result)
    {
        switch (result.Outcome)
        {
            case CommitOutcome.Committed:
                Attributes.Use(result.Record, result.IsComplete);
                if (result.MovedTo is { } successor)
                {
                    Identity.Use(
                        SuccessorSeal.TryOpen(Identity.Id, successor, out var id) ? id : Identity.Id,
                        successor.Key
                    );
                }

                Progress.HasCommitted |= Progress.IsChanged;
                NameCommit();
                break;
            case CommitOutcome.AlreadyEnded when !Identity.IsEndedElsewhere:
                EndElsewhere();
                break;
            case CommitOutcome.Unavailable:
                Attributes.NeedNotBegin();
                break;
        }
    }

    /// <summary>The application has ended the session.</summary>
    public void Destroy()
    {
        Identity.MustNotCommit = false;
        Progress.HasCommitted = true;
        Clear();
        NeedCookie().Delete();
    }

    /// <summary>
    /// Another request has ended the session or given it another id while this one ran. What this
    /// one writes is dropped: a session of its own would take the place of the other's at the
    /// client.
    /// </summary>
    public void EndElsewhere()
    {
        Clear();
        Identity.IsEndedElsewhere = true;
        Cookie?.Keep();
    }

    /// <summary>
    /// A session with these changes begins, because the client would not learn a new id.
    /// </summary>
    public void BecomeNew()
    {
        var delta = Attributes.Take();
        Clear();
        Attributes.Return(delta);
        Cookie?.Keep();
    }

    /// <summary>The request has an empty session for itself from now on.</summary>
    public void BecomeUnavailable()
    {
        Identity.IsAvailable = false;
        Attributes.Clear();
        Identity.Clear();
    }

    /// <summary>The request is answered with a 503.</summary>
    public void Reject()
    {
        Progress.IsRejected = true;
        Login.SetDone();
        Attributes.DropChanges();
        Attributes.PutBackAll();
    }

    /// <summary>
    /// The request has failed after a sign-in: the session is what it was, without what was meant
    /// for the login.
    /// </summary>
    public void TakeSignInBack()
    {
        if (Identity.IsStored && Login.TryTakeBack(out var former))
        {
            Attributes.Use(former ?? Attributes.Record, Attributes.IsComplete);
            Attributes.DropChanges();
            Identity.PublicName = null;
        }
    }

    /// <summary>Drops what was not committed.</summary>
    public void Drop()
    {
        TakeSignInBack();
        Attributes.DropChanges();
        Attributes.PutBackAll();
        Attributes.NeedNotBegin();
    }

    private void Apply(LoginEffect effect)
    {
        switch (effect)
        {
            case LoginEffect.NewId or LoginEffect.NewIdAndEmpty when !Services.MayCookieBeSent(Context):
                BecomeNew();
                break;
            case LoginEffect.NewIdAndEmpty:
                Login.Leave(Record);
                Identity.PublicName = null;
                Attributes.Empty(SessionRecord.New(Services.Time.GetUtcNow()), Services.Options.CarriedAttributes);
                break;
            case LoginEffect.StandAside:
                BecomeUnavailable();
                Identity.StandAside();
                break;
        }
    }

    private PrincipalKey? RecordPrincipal() =>
        Identity.IsAvailable ? Login.Record(ref Attributes, Context, Services) : null;

    private SessionCommit CommitOf(SessionCommitKind kind, SessionDelta delta, PrincipalKey? principal)
    {
        SessionId? drawn = Identity.IsStored ? null : Identity.Draw(Services);
        return new(
            kind,
            delta,
            Identity.Key,
            Record,
            Attributes.IsComplete,
            Progress.Durability,
            Login.Of(principal, Context, Services),
            kind == SessionCommitKind.Changes ? null : Login.NewId(Identity.Id, drawn, principal, Context, Services)
        );
    }

    private void GoOnUnder(in NewIdResult result, SessionRecord? record, bool isComplete)
    {
        Identity.Use(result.Id, result.Key);
        Attributes.Use(record, isComplete);
        Login.SetDone();
        Login.ForgetFormer();
        NeedCookie().Name(Target, hasBegun: result.Outcome == NewIdOutcome.Given);
    }

    private void Clear()
    {
        Attributes.Clear();
        Identity.Clear();
        Login.ForgetFormer();
    }

    private ResponseCookie NeedCookie() => Cookie ??= new ResponseCookie(Context, Services);

    /// <summary>
    /// A request that is shown more than its cookie knows of tells the client so: its next request
    /// may reach a node whose copy lacks what was just seen, and only the token keeps that copy
    /// from being served.
    /// </summary>
    private void RenewCookieIfOutdated(in CookieReading cookie)
    {
        if (Version > cookie.Seen)
        {
            NeedCookie().Renew(Target);
        }

        if (cookie.KeyId != Services.KeyRing.Signing.Id || Services.IsCookieAged(Identity.Key))
        {
            NeedCookie().RenewAged(Target);
        }
    }

    /// <summary>
    /// The cookie names what was committed. A commit that only records the principal counts as a
    /// renewal: it is named only where the application has used the session.
    /// </summary>
    private void NameCommit()
    {
        if (Progress.IsChanged)
        {
            NeedCookie().Name(Target, hasBegun: false);
        }
        else
        {
            NeedCookie().Renew(Target);
        }
    }
}
