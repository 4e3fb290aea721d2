using System.Security.Claims;
using ClusterSession.Committing;
using ClusterSession.Http.Cookies;
using ClusterSession.Http.SignIn;
using ClusterSession.Principals;
using ClusterSession.Records;
using ClusterSession.Stores;
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
/// the login at once one wins; the others commit to its successor, and each of their responses names it. A sign-in in
/// a request that throws is taken back: its login does not leave either.
/// </remarks>
internal sealed partial class RequestSession
{
    private PersonChange? _change;
    private bool _isJudged;
    private List<string>? _committedHere; // by the application, in this request

    /// <summary>Whether the id has to change before the headers leave.</summary>
    private bool MustChangeId =>
        _change is { IsDone: false } && !IsNew && IsAvailable && !HaveHeadersLeft && !_isEndedElsewhere;

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
            ChangeTo(user);
            ArmIfChanged();
        }
    }

    /// <summary>Opens the session under the id that it was given while this request was under way.</summary>
    public void BeginAtSuccessor(in CookieReading cookie, in Opening.OpenedSession opened)
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
        if (
            _isJudged
            || !IsAvailable
            || _isCompleted
            || (HaveHeadersLeft && !IsRunning)
            || !_services.SignIns.AreObserved
        )
        {
            return;
        }

        if (_services.SignIns.EarlierIn(_context) is { } earlier)
        {
            if (!HaveHeadersLeft && !IsRejected)
            {
                ChangeTo(earlier);
            }

            return;
        }

        if (_services.SignIns.Persons.Of(_context) is { } person)
        {
            _isJudged = true;
            if (!IsNew && (SessionPerson.Of(Record) != person || SessionPerson.IsIdOfBefore(Record)))
            {
                Change(person, isSignIn: false);
            }
        }
    }

    private void JudgeOnce()
    {
        if (!_isJudged)
        {
            Judge();
            ArmIfChanged();
        }
    }

    private void ChangeTo(ClaimsPrincipal user)
    {
        _isJudged = true;
        Change(_services.SignIns.Persons.Of(user), isSignIn: true);
        _change?.Principal = UserPrincipal.Of(user, _context, _services.Options);
    }

    private void Change(PrincipalKey? person, bool isSignIn)
    {
        if (!IsNew && HaveHeadersLeft)
        {
            if (SessionPerson.Of(Record) is { } other && other != person)
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
    }

    private bool MayCookieBeSent =>
        _services.Options.Cookie.IsEssential
        || _context.Features.Get<ITrackingConsentFeature>() is not { CanTrack: false };

    /// <summary>What this request has set stays, and what the options name.</summary>
    private void Empty()
    {
        var former = Record;
        _change!.Former ??= former;
        _record = SessionRecord.New(_services.Time.GetUtcNow());
        _publicId = null;
        _removedReadOnly = null;
        foreach (var name in _services.Options.CarriedAttributes.Concat(_committedHere ?? []))
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

    /// <summary>The request has failed after a sign-in: the session is what it was, without what was meant for the login.</summary>
    private void TakeSignInBack()
    {
        if (_change is { IsSignIn: true, IsDone: false } change && !IsNew)
        {
            _record = change.Former ?? _record;
            _change = null;
            _isJudged = false;
            _delta = null;
            _publicId = null;
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
        var person =
            _change is not null ? _change.Person
            : _services.SignIns.AreObserved ? _services.SignIns.Persons.Of(_context)
            : null;
        if (person is { } known)
        {
            delta.Set(SessionPerson.Name, known.ToBytes());
        }
    }

    /// <summary>Where no person is known, the grace is for the principal whose request has changed the id.</summary>
    private void RecordRotation(SessionDelta delta, SessionRecord record)
    {
        if (delta.TryGet(SessionPerson.Name, out _) || SessionPerson.Of(record) is not null)
        {
            return;
        }

        if ((_change?.Principal ?? PrincipalOfRequest()) is { } principal)
        {
            delta.Set(SessionPerson.RotatedByName, principal.ToBytes());
        }
        else if (SessionPerson.RotatedBy(record) is not null)
        {
            delta.Remove(SessionPerson.RotatedByName);
        }
    }

    private SessionLogin LoginOf(PrincipalKey? principal) =>
        new(_change?.Person ?? _services.SignIns.Persons.Of(_context), principal);

    /// <summary>Gives the session another id, and commits what was taken under it.</summary>
    public async ValueTask<CommitResult> CommitUnderNewIdAsync(
        SessionDelta delta,
        StoreDeadline deadline,
        SessionLogin login
    )
    {
        var change = _change!;
        var changed = await ChangeIdAsync(delta, deadline).ConfigureAwait(false);
        switch (changed.Outcome)
        {
            case CommitOutcome.Committed:
                return changed;
            case CommitOutcome.Unavailable when change is { IsSignIn: false, Former: null, Person: { } person }:
                change.IsDone = true;
                _services.SignIns.PutOff(changed.Failure);
                if (!SessionPerson.IsIdOfBefore(Record))
                {
                    delta.Set(SessionPerson.Name, SessionPerson.BeforeIdOf(person));
                }

                return await CommitUnderPresentIdAsync(delta, deadline, login).ConfigureAwait(false);
            case CommitOutcome.Unavailable:
                _hasIdentityFailed = true;
                return changed;
            case CommitOutcome.Destroyed when changed.MovedTo is { } successor:
                var failure = await FollowAsync(successor, deadline).ConfigureAwait(false);
                if (failure is null)
                {
                    return await CommitUnderPresentIdAsync(delta, deadline, login).ConfigureAwait(false);
                }

                return failure is { Outcome: CommitOutcome.Destroyed } && change.IsSignIn
                        ? await BeginAnewAsync(delta, deadline).ConfigureAwait(false)
                    : failure is { Outcome: CommitOutcome.Destroyed } && !delta.IsReservedOnly
                        ? CommitResult.Unavailable(StoreFailure.Refused)
                    : failure.Value;
            case CommitOutcome.Destroyed when change.IsSignIn:
                return await BeginAnewAsync(delta, deadline).ConfigureAwait(false);
            default:
                return CommitResult.Destroyed;
        }
    }

    /// <summary>The session was ended, or given to somebody else, meanwhile: who signs in begins a new one.</summary>
    private ValueTask<CommitResult> BeginAnewAsync(SessionDelta delta, StoreDeadline deadline)
    {
        End();
        _delta = delta;
        RecordPrincipal();
        _delta = null;
        return CommitNewAsync(delta, deadline);
    }

    /// <summary>
    /// Another request has given the session another id first. If it was for the same person, this request goes on
    /// there.
    /// </summary>
    /// <returns>Why it cannot go on, or null.</returns>
    private async ValueTask<CommitResult?> FollowAsync(SessionSuccessor successor, StoreDeadline deadline)
    {
        var read = await _services.Store.ReadAsync(successor.Key, SessionVersion.None, deadline).ConfigureAwait(false);
        if (read.Outcome == StoreReadOutcome.Unavailable)
        {
            return CommitResult.Unavailable(StoreFailure.Unreachable);
        }

        if (
            read.Outcome != StoreReadOutcome.Found
            || !SuccessorSeal.TryOpen(_id, successor, out _)
            || !LoginOf(_change?.Principal ?? PrincipalOfRequest()).Owns(read.Record!)
        )
        {
            return CommitResult.Destroyed;
        }

        MoveTo(successor);
        _record = read.Record;
        _isComplete = true;
        _change?.IsDone = true;
        _change?.Former = null;
        Cookie.Name(new CookieTarget(_id, Key, Version), hasBegun: false);
        return null;
    }

    private ValueTask<CommitResult> CommitUnderPresentIdAsync(
        SessionDelta delta,
        StoreDeadline deadline,
        SessionLogin login
    ) =>
        delta.Count > 0
            ? _services.Committer.CommitAsync(Key, Record, _isComplete, delta, Durability, deadline, login)
            : new(CommitResult.Nothing);
}
