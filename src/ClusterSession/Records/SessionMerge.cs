namespace ClusterSession.Records;

/// <summary>A copy of a session on its way to the store.</summary>
/// <param name="Record">The copy. Its own version is the newest commit that it contains.</param>
/// <param name="Version">
/// The version the stored record gets if it exists and the copy changes it. For a new session: the
/// record's own.
/// </param>
/// <param name="Mode">What may be there already.</param>
/// <param name="Life">How long the session lives from now on if nothing else happens.</param>
/// <param name="Replicas">
/// On how many replicas the copy should be before it is answered; 0 does not wait.
/// </param>
/// <param name="ReplicaTimeout">How long to wait for the replicas.</param>
/// <param name="Base">
/// For <see cref="MergeMode.Amend"/>: the version that the stored record must contain,
/// because the copy was made on it.
/// </param>
/// <param name="After">
/// The last stamp that the writer of <paramref name="Version"/> issued for this session before.
/// Default -1: not known.
/// </param>
/// <param name="IsPartial">
/// Whether the record holds some attributes only, and names the commits that brought them: it is
/// merged and removes nothing.
/// </param>
/// <param name="Void">
/// Intervals, as <see cref="SessionRecord.Intervals"/> gives them, in which the writer of <paramref
/// name="Version"/> has committed nothing. Default empty.
/// </param>
public readonly record struct SessionMerge(
    SessionRecord Record,
    SessionVersion Version,
    MergeMode Mode,
    TimeSpan Life,
    int Replicas = 0,
    TimeSpan ReplicaTimeout = default,
    SessionVersion Base = default,
    long After = -1,
    bool IsPartial = false,
    ReadOnlyMemory<byte> Void = default);
