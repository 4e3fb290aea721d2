using ClusterSession.Committing;
using ClusterSession.Records;

namespace ClusterSession.Http;

/// <summary>What became of a commit that was to give a session an id.</summary>
/// <param name="Outcome">Under which id the session goes on.</param>
/// <param name="Commit">What became of the changes.</param>
/// <param name="Id">
/// The id, for <see cref="NewIdOutcome.Given"/> and <see cref="NewIdOutcome.Followed"/>.
/// </param>
/// <param name="Key">The key of that id.</param>
/// <param name="Record">What is stored there, for <see cref="NewIdOutcome.Followed"/>.</param>
/// <param name="HasCollided">Whether the id that was to be given was another session's.</param>
internal readonly record struct NewIdResult(
    NewIdOutcome Outcome,
    CommitResult Commit,
    SessionId Id = default,
    SessionKey Key = default,
    SessionRecord? Record = null,
    bool HasCollided = false
);
