using ClusterSession.Principals;
using ClusterSession.Records;

namespace ClusterSession.Http;

/// <summary>
/// What a session gives to its response to commit. Key, record and login are those of
/// <see cref="SessionCommitKind.Changes"/> and <see cref="SessionCommitKind.NewId"/>.
/// </summary>
/// <param name="Kind">How it is committed.</param>
/// <param name="Delta">The changes.</param>
/// <param name="Key">Which session.</param>
/// <param name="Record">What the changes were made to, with its version.</param>
/// <param name="IsComplete">Whether the record is all of the session.</param>
/// <param name="Durability">When the commit counts as done.</param>
/// <param name="Login">Who is logged in.</param>
internal readonly record struct SessionCommit(
    SessionCommitKind Kind,
    SessionDelta Delta,
    SessionKey Key = default,
    SessionRecord? Record = null,
    bool IsComplete = false,
    SessionDurability Durability = default,
    SessionLogin Login = default
);
