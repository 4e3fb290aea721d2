using ClusterSession.Principals;
using ClusterSession.Records;

namespace ClusterSession.Http;

/// <summary>
/// What a session gives to its response to commit. With the kinds
/// <see cref="SessionCommitKind.Refused"/> and <see cref="SessionCommitKind.Ended"/> only the
/// changes are set.
/// </summary>
/// <param name="Kind">How it is committed.</param>
/// <param name="Delta">The changes.</param>
/// <param name="Key">Which session.</param>
/// <param name="Record">What the changes were made to, with its version.</param>
/// <param name="IsComplete">Whether the record is all of the session.</param>
/// <param name="Durability">When the commit counts as done.</param>
/// <param name="Login">Who is logged in; null: nobody.</param>
/// <param name="NewId">
/// Which id it is to have, for <see cref="SessionCommitKind.NewSession"/> and
/// <see cref="SessionCommitKind.NewId"/>.
/// </param>
internal readonly record struct SessionCommit(
    SessionCommitKind Kind,
    SessionDelta Delta,
    SessionKey Key = default,
    SessionRecord? Record = null,
    bool IsComplete = false,
    SessionDurability Durability = default,
    SessionLogin? Login = null,
    NewIdRequest? NewId = null
);
