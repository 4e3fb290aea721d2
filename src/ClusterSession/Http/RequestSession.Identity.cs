using ClusterSession.Committing;
using ClusterSession.Http.Cookies;
using ClusterSession.Principals;
using ClusterSession.Records;
using ClusterSession.Stores;

namespace ClusterSession.Http;

/// <summary>Ids: beginning, rotating and ending.</summary>
internal sealed partial class RequestSession
{
    /// <summary>Of ids drawn at random one never meets another; whoever draws the same ones again and again has no randomness, and must not ask the store for ever.</summary>
    private const int MostCollisions = 8;

    /// <summary>
    /// Whether a rotation or an end was asked for and did not happen. Then nothing more of this
    /// request is kept: what it
    /// wrote was meant for the new id, and an attacker may know the old one.
    /// </summary>
    private bool _hasIdentityFailed;
    private bool _isAside;

    public async Task RotateIdAsync(CancellationToken cancellationToken = default)
    {
        BeforeChange();
        Judge();
        if (_isAside)
        {
            LeaveAside();
        }

        if (IsNew && IsAvailable)
        {
            return; // Its id is not known to anybody yet.
        }

        if (!MayCookieBeSent)
        {
            BecomeNew(); // The client would not learn the new id.
            return;
        }

        _hasIdentityFailed = true;
        ThrowIfNotAvailable("The session's id could not be changed");

        if (HaveHeadersLeft)
        {
            throw new InvalidOperationException(
                "The session's id cannot be changed after the response headers have left: the client would not learn the new one. Call RotateIdAsync before writing the response."
            );
        }

        RecordPrincipal();
        var deadline = BeginWaiting();
        try
        {
            await RotateIdAsync(deadline).ConfigureAwait(false);
        }
        finally
        {
            EndWaiting(deadline);
        }

        _hasIdentityFailed = false;
    }

    public async Task DestroyAsync(CancellationToken cancellationToken = default)
    {
        if (await TryDestroyAsync(cancellationToken).ConfigureAwait(false) == SessionDestroyOutcome.Pending)
        {
            throw new SessionUnavailableException(
                "The end of the session has not reached the store, which is not responding. It holds on this node, which sends "
                    + "it until the store takes it; until then other nodes may serve the session.",
                StoreFailure.Unknown
            );
        }
    }

    public async Task<SessionDestroyOutcome> TryDestroyAsync(CancellationToken cancellationToken = default)
    {
        var outcome = SessionDestroyOutcome.Destroyed;
        BeforeChange();
        if (_isAside)
        {
            return outcome; // It has ended under this id, and its successor is somebody else's matter.
        }

        _hasIdentityFailed = true;
        ThrowIfNotAvailable("The session could not be ended");
        if (!IsNew || _isEndedElsewhere)
        {
            var deadline = BeginWaiting();
            var ended = await _services.Ends.DestroyAsync(Key, deadline).ConfigureAwait(false);
            EndWaiting(deadline);
            ThrowIfUnavailable(ended, "The session could not be ended: its store is not responding.");
            if (ended.Outcome == CommitOutcome.Deferred)
            {
                outcome = SessionDestroyOutcome.Pending;
            }
        }

        _hasIdentityFailed = false;
        _hasCommitted = true;
        End();
        Cookie.Delete();
        return outcome;
    }

    /// <summary>Stores a new session with what was taken.</summary>
    public async ValueTask<CommitResult> CommitNewAsync(SessionDelta delta, StoreDeadline deadline)
    {
        RecordPerson(delta);
        var (id, key, result) = await CreateAsync(Record, delta, deadline).ConfigureAwait(false);
        if (result.Outcome == CommitOutcome.Committed)
        {
            Continue(id, key, result);
        }

        return result;
    }

    private async Task RotateIdAsync(StoreDeadline deadline)
    {
        var changed = await ChangeIdAsync(_delta ?? new SessionDelta(), deadline).ConfigureAwait(false);
        ThrowIfUnavailable(changed, "The session's id could not be changed: its store is not responding.");
        if (
            changed.Outcome != CommitOutcome.Destroyed
            || (
                changed.MovedTo is { } successor && await FollowAsync(successor, deadline).ConfigureAwait(false) is null
            )
        )
        {
            return;
        }

        // Another request has rotated or ended it first; one id survives, and it is not this one.
        var hasLost = _delta is { IsReservedOnly: false };
        EndElsewhere();
        if (hasLost)
        {
            throw new SessionUnavailableException(
                "The session's id could not be changed: another request has ended the session, or given it to another "
                    + "person. What this request has changed is not kept.",
                StoreFailure.Refused
            );
        }
    }

    /// <summary>Stores the session under another id, and ends it under the old one, which names the new one.</summary>
    /// <returns>
    /// <see cref="CommitOutcome.Destroyed"/> if another request has ended it first; then nothing is left of the new
    /// one.
    /// </returns>
    private async ValueTask<CommitResult> ChangeIdAsync(SessionDelta delta, StoreDeadline deadline)
    {
        var former = _change?.Former;
        var record = former is null ? await ReadNewestAsync(deadline).ConfigureAwait(false) : Record;
        var moved = new SessionDelta(); // What belongs to the new id alone must not be committed where it cannot be had.
        foreach (var (name, value) in delta.Changes)
        {
            if (value is null)
            {
                moved.Remove(name);
            }
            else
            {
                moved.Set(name, value);
            }
        }

        RecordPerson(moved);
        RecordRotation(moved, record);
        if (former is null && SessionName.Of(record) is null)
        {
            moved.Set(SessionName.Name, SessionName.PrincipalOf(Key).ToBytes());
        }

        var (id, key, created) = await CreateAsync(record, moved, deadline).ConfigureAwait(false);
        if (created.Outcome != CommitOutcome.Committed)
        {
            return created;
        }

        var ended = await _services
            .Ends.SucceedAsync(
                Key,
                former ?? record,
                SuccessorSeal.Seal(_id, id, key) with
                {
                    IsOthers = former is not null,
                },
                deadline
            )
            .ConfigureAwait(false);
        if (ended.Outcome is CommitOutcome.Committed or CommitOutcome.Deferred)
        {
            Continue(id, key, created);
            return created;
        }

        await _services.Ends.DestroyAsync(key, deadline).ConfigureAwait(false);
        return ended;
    }

    private async ValueTask<(SessionId Id, SessionKey Key, CommitResult Result)> CreateAsync(
        SessionRecord record,
        SessionDelta delta,
        StoreDeadline deadline
    )
    {
        if (
            await deadline.LimitAsync(_services.KeyRing.LoadAsync(_context.RequestAborted), null).ConfigureAwait(false)
            is null
        )
        {
            return (default, default, CommitResult.Unavailable(StoreFailure.Unreachable));
        }

        for (var attempt = 0; attempt < MostCollisions; attempt++)
        {
            var id = IsNew ? DrawId() : _change?.NextId ?? _services.DrawId();
            var key = SessionKey.Of(id);
            var result = await _services
                .Committer.CreateAsync(key, record, delta, Durability, deadline)
                .ConfigureAwait(false);
            if (result.Outcome is not CommitOutcome.Collision)
            {
                return (id, key, result);
            }

            _isIdDrawn = false;
            _publicId = null;
            _change?.NextId = null;
        }

        return (default, default, CommitResult.Unavailable(StoreFailure.Refused));
    }

    /// <summary>The id a new session will have when it is committed.</summary>
    private SessionId DrawId()
    {
        if (!_isIdDrawn)
        {
            _id = _services.DrawId();
            _isIdDrawn = true;
        }

        return _id;
    }

    private async ValueTask<SessionRecord> ReadNewestAsync(StoreDeadline deadline)
    {
        var read = await _services.Store.ReadAsync(Key, Record.Version, deadline).ConfigureAwait(false);
        return read.Outcome == StoreReadOutcome.Found ? SessionRecord.Merge(read.Record!, Record) : Record;
    }

    private void Continue(in SessionId id, SessionKey key, CommitResult created)
    {
        _id = id;
        _publicId = null;
        _delta = null;
        Key = key;
        _record = created.Record;
        _isComplete = created.IsComplete;
        IsNew = false;
        _change?.IsDone = true;
        _change?.Former = null;
        _hasCommitted = true;
        _isEstablished = false;
        Cookie.Name(new CookieTarget(_id, Key, Version), hasBegun: true);
    }

    /// <summary>The commit went to the session's successor: from now on this is it.</summary>
    private void MoveTo(SessionSuccessor successor)
    {
        if (SuccessorSeal.TryOpen(_id, successor, out var id))
        {
            _id = id;
        }

        Key = successor.Key;
        _publicId = null;
    }

    /// <summary>The application begins a session of its own in a request that had none but an empty
    /// one for itself.</summary>
    private void LeaveAside()
    {
        _isAside = false;
        IsAvailable = true;
        Response.Arm(_bodyAtRun);
    }

    private void End()
    {
        _record = null;
        _delta = null;
        _publicId = null;
        _isIdDrawn = false;
        _isEstablished = false;
        IsNew = true;
        _isComplete = true;
        _change?.Former = null;
    }

    /// <summary>
    /// Another request has ended the session or given it another id while this one ran. What this one writes is dropped: a session of its own
    /// would take the place of the other's at the client.
    /// </summary>
    private void EndElsewhere()
    {
        End();
        _isEndedElsewhere = true;
        _cookie?.Keep();
    }

    private void ThrowIfNotAvailable(string what)
    {
        if (!IsAvailable)
        {
            throw new SessionUnavailableException(
                $"{what}: its store is not responding, and this request has an empty session in its place.",
                StoreFailure.Unreachable
            );
        }
    }

    private static void ThrowIfUnavailable(CommitResult result, string message)
    {
        if (result.Outcome == CommitOutcome.Unavailable)
        {
            throw new SessionUnavailableException(message, result.Failure);
        }
    }
}
