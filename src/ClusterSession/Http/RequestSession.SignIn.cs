using System.Security.Claims;
using ClusterSession.Http.Cookies;
using ClusterSession.Http.SignIn;
using ClusterSession.Sessions;
using ClusterSession.Sessions.Committing;
using ClusterSession.Sessions.Principals;
using ClusterSession.Stores;
using ClusterSession.Stores.Outage;
using Microsoft.AspNetCore.Http.Features;

namespace ClusterSession.Http;

/// <summary>Somebody logs in: the session gets another id, and where it was somebody else's nothing of his stays.</summary>
/// <remarks>
/// <code>
/// seen                                         the session was      becomes
/// -------------------------------------------  -------------------  ----------------------------------------------
/// a sign-in in this request                    nobody's or theirs   another id
///                                              another person's     empty but for what this request sets; another id
/// a login that came with the request, at the   nobody's             another id; if the store is away, later
///   open, else at the first touch, else at     theirs               -
///   the end of the run                         another person's     empty; another id
/// </code>
/// The id changes in the commit before the headers leave (<see cref="SessionResponse"/>). Of several requests that see
/// the login at once one wins; the others commit to its successor, and each of their responses names it.
/// </remarks>
internal sealed partial class RequestSession
{
    /// <summary>How many rotations by others a sign-in follows before it gives up.</summary>
    private const int MostSteps = 4;

    private PersonChange? _change;
    private bool _isJudged;

    /// <summary>Whether the id has to change before the headers leave.</summary>
    private bool MustChangeId => _change is { IsDone: false } && !IsNew && IsAvailable && !HaveHeadersLeft && !_isEndedElsewhere;

    /// <summary>A user was signed in by this request.</summary>
    public void SignIn(ClaimsPrincipal user)
    {
        if (HaveHeadersLeft || IsRejected)
        {
            return;
        }

        if (_isAside)
        {
            LeaveAside();
        }

        if (IsAvailable)
        {
            _isJudged = true;
            Change(_services.SignIns.Persons.Of(user), isSignIn: true);
            _change?.Principal = UserPrincipal.Of(user, _context, _services.Options);
        }
    }

    /// <summary>Opens the session under the id that it was given while this request was under way.</summary>
    public void BeginAtSuccessor(in CookieReading cookie, in Sessions.Opening.OpenedSession opened)
    {
        Begin(cookie, opened);
        if (!MustChangeId)
        {
            Cookie.Name(new CookieTarget(_id, Key, Version), hasBegun: false);
        }
    }

    /// <summary>
    /// Whose session it is, as far as the request has been authenticated. Asked when it is opened, when it is touched,
    /// and when the run ends: endpoints may authenticate with schemes of their own.
    /// </summary>
    private void Judge()
    {
        if (_isJudged || !IsAvailable || !_services.SignIns.AreObserved)
        {
            return;
        }

        if (_services.SignIns.EarlierIn(_context) is { } earlier)
        {
            SignIn(earlier);
            return;
        }

        if (_services.SignIns.Persons.Of(_context) is { } person)
        {
            _isJudged = true;
            if (!IsNew && SessionPerson.Of(Record) != person)
            {
                Change(person, isSignIn: false);
            }
        }
    }

    private void Change(PrincipalKey? person, bool isSignIn)
    {
        if (!IsNew && HaveHeadersLeft)
        {
            if (SessionPerson.Of(Record) is not null)
            {
                // Its id cannot be changed any more, and it must not be shown to somebody else.
                BecomeUnavailable();
                BeginAside();
            }

            return;
        }

        if (_change is null or { IsDone: true })
        {
            _change = new PersonChange { Person = person, IsSignIn = isSignIn };
        }

        _change.Person = person;
        _change.IsSignIn |= isSignIn;
        if (IsNew)
        {
            return; // Its id is not known to anybody yet.
        }

        if (!MayCookieBeSent)
        {
            BecomeNew(); // The client would not learn the new id.
            return;
        }

        if (SessionPerson.Of(Record) is { } former && former != person)
        {
            Empty();
        }

        Response.Arm(_bodyAtRun);
    }

    private bool MayCookieBeSent => _services.Options.Cookie.IsEssential
        || _context.Features.Get<ITrackingConsentFeature>() is not { CanTrack: false };

    /// <summary>What this request has set stays, and what the options name.</summary>
    private void Empty()
    {
        var former = Record;
        _change!.Former ??= former;
        _record = SessionRecord.New(_services.Time.GetUtcNow());
        _publicId = null;
        _removedReadOnly = null;
        foreach (var name in _services.Options.CarriedAttributes)
        {
            if (_delta?.TryGet(name, out _) != true && former.TryFind(name, out var attribute) && attribute.Exists)
            {
                Delta.Set(name, attribute.Payload.ToArray());
            }
        }

        foreach (var removed in Delta.Changes.ToArray().Where(static change => change.Value is null))
        {
            Delta.Forget(removed.Key);
        }
    }

    private void BecomeNew()
    {
        var delta = _delta;
        End();
        _delta = delta;
        _cookie?.Keep();
    }

    /// <summary>Records with a session that begins, or gets another id, whose it is.</summary>
    private void RecordPerson(SessionDelta delta)
    {
        var person = _change is not null ? _change.Person
            : _services.SignIns.AreObserved ? _services.SignIns.Persons.Of(_context)
            : null;
        if (person is { } known)
        {
            delta.Set(SessionPerson.Name, known.ToBytes());
        }
    }

    /// <summary>Gives the session another id, and commits what the request has changed under it.</summary>
    private async ValueTask<CommitResult> ChangeIdAndCommitAsync(
        SessionDelta delta, StoreDeadline deadline, PrincipalKey? login)
    {
        var change = _change!;
        for (var step = 0; step < MostSteps; step++)
        {
            var changed = await ChangeIdAsync(delta, deadline).ConfigureAwait(false);
            switch (changed.Outcome)
            {
                case CommitOutcome.Committed:
                    return changed;
                case CommitOutcome.Unavailable when change is { IsSignIn: false, Former: null }:
                    change.IsDone = true;
                    _services.SignIns.PutOff(changed.Failure);
                    return await CommitUnderPresentIdAsync(delta, deadline, login).ConfigureAwait(false);
                case CommitOutcome.Unavailable:
                    _hasIdentityFailed = true;
                    return changed;
                case CommitOutcome.Destroyed when changed.MovedTo is { } successor:
                    if (await FollowAsync(successor, deadline).ConfigureAwait(false) is { } failure)
                    {
                        return failure;
                    }

                    if (change.IsDone)
                    {
                        return await CommitUnderPresentIdAsync(delta, deadline, login).ConfigureAwait(false);
                    }

                    break;
                case CommitOutcome.Destroyed when change.IsSignIn:
                    End(); // It was ended meanwhile. Who signs in begins anew.
                    RecordPerson(delta);
                    return await CreateAndContinueAsync(delta, deadline).ConfigureAwait(false);
                default:
                    return CommitResult.Destroyed;
            }
        }

        return CommitResult.Unavailable(StoreFailure.Refused);
    }

    /// <summary>
    /// Another request has given the session another id first. If it was for the same person, this request goes on
    /// there; a sign-in of another person gives it one more.
    /// </summary>
    /// <returns>Why it cannot go on, or null.</returns>
    private async ValueTask<CommitResult?> FollowAsync(SessionSuccessor successor, StoreDeadline deadline)
    {
        var change = _change!;
        var read = await _services.Store.ReadAsync(successor.Key, SessionVersion.None, deadline).ConfigureAwait(false);
        if (read.Outcome != StoreReadOutcome.Found || !SuccessorSeal.TryOpen(_id, successor, out _))
        {
            return read.Outcome == StoreReadOutcome.Unavailable
                ? CommitResult.Unavailable(StoreFailure.Unreachable)
                : CommitResult.Destroyed;
        }

        var isSame = SessionPerson.Of(read.Record!) is { } person && person == change.Person;
        if (!isSame && !change.IsSignIn)
        {
            return CommitResult.Unavailable(StoreFailure.Refused); // It is another person's by now.
        }

        MoveTo(successor);
        _record = read.Record;
        _isWhole = true;
        if (isSame)
        {
            change.IsDone = true;
            Cookie.Name(new CookieTarget(_id, Key, Version), hasBegun: false);
        }
        else
        {
            change.Former = null;
            if (SessionPerson.Of(read.Record!) is not null)
            {
                change.Former = read.Record;
                _record = SessionRecord.New(_services.Time.GetUtcNow());
            }
        }

        return null;
    }

    private ValueTask<CommitResult> CommitUnderPresentIdAsync(
        SessionDelta delta, StoreDeadline deadline, PrincipalKey? login)
    {
        if (delta.Count > 0)
        {
            return _services.Committer.CommitAsync(Key, Record, _isWhole, delta, Durability, deadline, login);
        }

        EndWaiting(deadline);
        return new(CommitResult.Nothing);
    }
}
