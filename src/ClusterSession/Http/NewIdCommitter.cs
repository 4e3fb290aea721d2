using ClusterSession.Committing;
using ClusterSession.Principals;
using ClusterSession.Records;
using ClusterSession.Stores;

namespace ClusterSession.Http;

/// <summary>
/// Commits a session under an id that it does not have yet: one that begins, and one that goes on
/// under another id. <see cref="SessionCommitter"/> commits all others. Gets values and returns a
/// value; holds nothing of a request. Thread-safe.
/// </summary>
/// <remarks>
/// <code>
/// read the newest --> store under the new id --> end the old id, which names the new one --> given
///                      |                          |
///                      |                          '-- was ended before: the new one is destroyed
///                      |                                was rotated, for this login --> followed
///                      |                                a sign-in: begins anew -------> given
///                      |                                else -------------------------> kept
///                      '-- store is away: a known person's login that came with the
///                                         request, to a session that is not another
///                                         person's                                    put off
///                                         else                                        failed
/// </code>
/// Of several requests that change the id at once one wins: who ends the old id first.
/// </remarks>
internal sealed class NewIdCommitter(RequestSessionServices services)
{
    /// <summary>
    /// Ids that are drawn at random do not collide. Where they do again and again, the source of
    /// randomness is broken, and the store must not be asked without end.
    /// </summary>
    private const int MaxCollisions = 8;

    /// <summary>Commits a new session, or one that somebody has logged in to.</summary>
    public ValueTask<NewIdResult> CommitAsync(in SessionCommit commit, StoreDeadline deadline) =>
        commit.Kind == SessionCommitKind.NewSession
            ? CommitNewAsync(commit, commit.Record!, commit.NewId!.Next, deadline)
            : CommitUnderNewIdAsync(commit, deadline);

    /// <summary>
    /// Gives the session another id because the application asks for it, or follows who has done
    /// so.
    /// </summary>
    public async ValueTask<NewIdResult> RotateAsync(SessionCommit commit, StoreDeadline deadline)
    {
        var changed = await ChangeIdAsync(commit, deadline).ConfigureAwait(false);
        if (changed.Commit is not { Outcome: CommitOutcome.AlreadyEnded, MovedTo: { } successor })
        {
            return changed;
        }

        var followed = await FollowAsync(commit, successor, deadline).ConfigureAwait(false);
        return followed.Outcome == NewIdOutcome.Followed ? followed : changed;
    }

    private ValueTask<NewIdResult> CommitNewAsync(
        in SessionCommit commit,
        SessionRecord record,
        SessionId? next,
        StoreDeadline deadline
    )
    {
        RecordPerson(commit.Delta, commit.NewId!.Person);
        return CreateAsync(record, commit.Delta, next, commit.Durability, deadline);
    }

    private async ValueTask<NewIdResult> CommitUnderNewIdAsync(SessionCommit commit, StoreDeadline deadline)
    {
        var request = commit.NewId!;
        var changed = await ChangeIdAsync(commit, deadline).ConfigureAwait(false);
        switch (changed.Commit.Outcome)
        {
            case CommitOutcome.Committed:
                return changed;
            case CommitOutcome.Unavailable when request is { IsSignIn: false, Former: null, Person: { } person }:
                services.SignIns.PutOff(changed.Commit.Failure);
                if (!SessionPerson.IsIdFromBeforeLogin(commit.Record!))
                {
                    commit.Delta.Set(SessionPerson.Name, SessionPerson.WithIdFromBeforeLogin(person));
                }

                var put = await CommitUnderPresentIdAsync(commit, deadline).ConfigureAwait(false);
                return changed with { Outcome = NewIdOutcome.PutOff, Commit = put };
            case CommitOutcome.Unavailable:
                return changed with { Outcome = NewIdOutcome.Failed };
            case CommitOutcome.AlreadyEnded when changed.Commit.MovedTo is { } successor:
                return await CommitToSuccessorAsync(commit, successor, deadline).ConfigureAwait(false);
            case CommitOutcome.AlreadyEnded when request.IsSignIn:
                return await BeginAnewAsync(commit, deadline).ConfigureAwait(false);
            default:
                return changed with { Commit = CommitResult.AlreadyEnded };
        }
    }

    private async ValueTask<NewIdResult> CommitToSuccessorAsync(
        SessionCommit commit,
        SessionSuccessor successor,
        StoreDeadline deadline
    )
    {
        var followed = await FollowAsync(commit, successor, deadline).ConfigureAwait(false);
        if (followed.Outcome == NewIdOutcome.Followed)
        {
            var there = commit with { Key = followed.Key, Record = followed.Record, IsComplete = true };
            return followed with { Commit = await CommitUnderPresentIdAsync(there, deadline).ConfigureAwait(false) };
        }

        if (followed.Commit.Outcome == CommitOutcome.AlreadyEnded)
        {
            if (commit.NewId!.IsSignIn)
            {
                return await BeginAnewAsync(commit, deadline).ConfigureAwait(false);
            }

            if (!commit.Delta.IsReservedOnly)
            {
                return followed with { Commit = CommitResult.Unavailable(StoreFailure.Refused) };
            }
        }

        return followed;
    }

    /// <summary>
    /// The session was ended, or given to somebody else, meanwhile: who signs in begins a new one.
    /// </summary>
    private async ValueTask<NewIdResult> BeginAnewAsync(SessionCommit commit, StoreDeadline deadline)
    {
        if (
            commit.NewId is { Principal: { } principal, Recorded: { } recorded }
            && (!commit.Delta.TryGet(SessionPrincipal.Name, out var drawn) || !SessionPrincipal.Is(drawn, principal))
        )
        {
            commit.Delta.Set(SessionPrincipal.Name, recorded);
        }

        var record = SessionRecord.New(services.Time.GetUtcNow());
        var begun = await CommitNewAsync(commit, record, next: null, deadline).ConfigureAwait(false);
        return begun.Outcome == NewIdOutcome.Given ? begun : begun with { Outcome = NewIdOutcome.Ended };
    }

    /// <summary>
    /// Stores the session under another id, and ends it under the old one, which names the new one.
    /// </summary>
    /// <returns>
    /// <see cref="CommitOutcome.AlreadyEnded"/> if another request has ended it first; then nothing
    /// is left of the new one.
    /// </returns>
    private async ValueTask<NewIdResult> ChangeIdAsync(SessionCommit commit, StoreDeadline deadline)
    {
        var request = commit.NewId!;
        var record = request.Former is null
            ? await ReadNewestAsync(commit.Key, commit.Record!, deadline).ConfigureAwait(false)
            : commit.Record!;

        // A copy: what is added here for the new id must not be committed under the present one,
        // should the new id fail.
        var moved = new SessionDelta();
        foreach (var (name, value) in commit.Delta.Changes)
        {
            moved.Put(name, value);
        }

        RecordPerson(moved, request.Person);
        RecordRotation(moved, record, request.Principal);
        if (request.Former is null && SessionName.Of(record) is null)
        {
            moved.Set(SessionName.Name, SessionName.PrincipalOf(commit.Key).ToBytes());
        }

        var created = await CreateAsync(record, moved, request.Next, commit.Durability, deadline).ConfigureAwait(false);
        if (created.Outcome != NewIdOutcome.Given)
        {
            return created;
        }

        var successor = SuccessorSeal.Seal(request.Present, created.Id, created.Key) with
        {
            IsOthers = request.Former is not null,
        };
        var ended = await services
            .Ends.EndRotatedAsync(commit.Key, request.Former ?? record, successor, deadline)
            .ConfigureAwait(false);
        if (ended.Outcome is CommitOutcome.Committed or CommitOutcome.EndKept)
        {
            return created;
        }

        await services.Ends.DestroyAsync(created.Key, deadline).ConfigureAwait(false);
        return created with { Outcome = NewIdOutcome.Kept, Commit = ended };
    }

    private async ValueTask<NewIdResult> CreateAsync(
        SessionRecord record,
        SessionDelta delta,
        SessionId? next,
        SessionDurability durability,
        StoreDeadline deadline
    )
    {
        // Not given up when the client leaves: what a request has changed is committed all the
        // same.
        var ring = services.KeyRing.LoadAsync(CancellationToken.None);
        if (await deadline.LimitAsync(ring, null).ConfigureAwait(false) is null)
        {
            return new(NewIdOutcome.Kept, CommitResult.Unavailable(StoreFailure.Unreachable));
        }

        for (var attempt = 0; attempt < MaxCollisions; attempt++)
        {
            var id = next ?? services.DrawId();
            next = null;
            var key = SessionKey.Of(id);
            var result = await services
                .Committer.CreateAsync(key, record, delta, durability, deadline)
                .ConfigureAwait(false);
            if (result.Outcome != CommitOutcome.Collision)
            {
                var outcome = result.Outcome == CommitOutcome.Committed ? NewIdOutcome.Given : NewIdOutcome.Kept;
                return new(outcome, result, id, key, HasCollided: attempt > 0);
            }
        }

        return new(NewIdOutcome.Kept, CommitResult.Unavailable(StoreFailure.Refused), HasCollided: true);
    }

    private async ValueTask<SessionRecord> ReadNewestAsync(SessionKey key, SessionRecord record, StoreDeadline deadline)
    {
        var read = await services.Store.ReadAsync(key, record.Version, deadline).ConfigureAwait(false);
        return read.Outcome == StoreReadOutcome.Found ? SessionRecord.Merge(read.Record!, record) : record;
    }

    /// <summary>
    /// Another request has given the session another id first. If it was for the same person, this
    /// request goes on there.
    /// </summary>
    private async ValueTask<NewIdResult> FollowAsync(
        SessionCommit commit,
        SessionSuccessor successor,
        StoreDeadline deadline
    )
    {
        var read = await services.Store.ReadAsync(successor.Key, SessionVersion.None, deadline).ConfigureAwait(false);
        if (read.Outcome == StoreReadOutcome.Unavailable)
        {
            return new(NewIdOutcome.Kept, CommitResult.Unavailable(StoreFailure.Unreachable));
        }

        return
            read.Outcome == StoreReadOutcome.Found
            && commit.Login?.Owns(read.Record!) == true
            && SuccessorSeal.TryOpen(commit.NewId!.Present, successor, out var id)
            ? new(NewIdOutcome.Followed, CommitResult.Nothing, id, successor.Key, read.Record)
            : new(NewIdOutcome.Kept, CommitResult.AlreadyEnded);
    }

    private ValueTask<CommitResult> CommitUnderPresentIdAsync(in SessionCommit commit, StoreDeadline deadline) =>
        commit.Delta.Count > 0
            ? services.Committer.CommitAsync(
                commit.Key,
                commit.Record!,
                commit.IsComplete,
                commit.Delta,
                commit.Durability,
                deadline,
                commit.Login
            )
            : new(CommitResult.Nothing);

    /// <summary>Records whose a session is, when it begins or gets another id.</summary>
    private static void RecordPerson(SessionDelta delta, PrincipalKey? person)
    {
        if (person is { } known)
        {
            delta.Set(SessionPerson.Name, known.ToBytes());
        }
    }

    /// <summary>
    /// Where no person is known, the grace is for the principal whose request has changed the id.
    /// </summary>
    private static void RecordRotation(SessionDelta delta, SessionRecord record, PrincipalKey? principal)
    {
        if (delta.TryGet(SessionPerson.Name, out _) || SessionPerson.Of(record) is not null)
        {
            return;
        }

        if (principal is { } known)
        {
            delta.Set(SessionPerson.RotatedByName, known.ToBytes());
        }
        else if (SessionPerson.RotatedBy(record) is not null)
        {
            delta.Remove(SessionPerson.RotatedByName);
        }
    }
}
