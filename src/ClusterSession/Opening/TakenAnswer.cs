using ClusterSession.Local;
using ClusterSession.Records;

namespace ClusterSession.Opening;

/// <summary>
/// What has come of an answer of the store that <see cref="StoreAnswers"/> has taken in.
/// </summary>
/// <param name="Opened">The answer to the request, where that is decided.</param>
/// <param name="MustReadAgain">Whether the store has to be read again at once.</param>
/// <param name="Record">The session as it goes on, or its tombstone; null if it is missing, or if
/// one of the two above is set.</param>
/// <param name="IsComplete">Whether the record is all of the session.</param>
/// <param name="Copy">The copy that this node had when the answer came.</param>
/// <param name="UsableCopy">That copy, if it is before its absolute end and, unless the store has
/// the session, within its idle timeout.</param>
internal readonly record struct TakenAnswer(
    OpenedSession? Opened,
    bool MustReadAgain,
    SessionRecord? Record,
    bool IsComplete,
    LocalCopy? Copy,
    LocalCopy? UsableCopy
);
