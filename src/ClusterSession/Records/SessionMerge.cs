namespace ClusterSession.Records;

/// <summary>A copy of a session on its way to the store.</summary>
/// <param name="Record">The copy. Its own version is the newest commit that it contains.</param>
/// <param name="Version">
/// The version the stored record gets if it exists and the copy changes it. For a new session: the
/// record's own.
/// </param>
/// <param name="Mode">What may be there already.</param>
/// <param name="LifeLeft">
/// How much of the session's life is left if nothing else happens: of a new one all of it, of a
/// copy that is replayed what is left since the last use that its node knows of. What is stored
/// lives on for at least that, and is never made to live shorter. Zero or less: it has expired by
/// what is known here; the copy is merged into a record that is there, and a session that is
/// missing stays missing (<see cref="WriteOutcome.Missing"/>).
/// </param>
/// <param name="Replicas">
/// On how many replicas the copy should be before it is answered; 0 does not wait.
/// </param>
/// <param name="ReplicaTimeout">How long to wait for the replicas.</param>
/// <param name="MustContain">
/// For <see cref="MergeMode.Amend"/>: the version that the stored record must contain,
/// because the copy was made on it; none: any record will do.
/// </param>
/// <param name="PreviousStamp">
/// The last stamp that the writer of <paramref name="Version"/> issued for this session before.
/// Default -1: not known.
/// </param>
/// <param name="IsPartial">
/// Whether the record holds some attributes only, and names the commits that brought them: it is
/// merged and removes nothing.
/// </param>
/// <param name="UnusedStamps">
/// Intervals, as <see cref="SessionRecord.Intervals"/> gives them, in which the writer of <paramref
/// name="Version"/> has committed nothing. Default empty.
/// </param>
public readonly record struct SessionMerge(
    SessionRecord Record,
    SessionVersion Version,
    MergeMode Mode,
    TimeSpan LifeLeft,
    int Replicas = 0,
    TimeSpan ReplicaTimeout = default,
    SessionVersion MustContain = default,
    long PreviousStamp = -1,
    bool IsPartial = false,
    ReadOnlyMemory<byte> UnusedStamps = default
);
