namespace ClusterSession.Diagnostics;

/// <summary>Event ids by area, in thousands. A retired number is never used again.</summary>
internal static class EventIds
{
    // 1000: the way of a request
    public const int CookieRefused = 1001;
    public const int CommittedAfterHeaders = 1002;
    public const int CommitFailed = 1003;
    public const int OpenFailed = 1004;
    public const int SessionRegressed = 1005;
    public const int SessionEndedMeanwhile = 1006;
    public const int CommitAfterHeadersFailed = 1007;

    // 2000: stores and copies
    public const int StoreLostSession = 2001;
    public const int StoreLostCommit = 2002;
    public const int StoreForked = 2003;
    public const int TouchesFailed = 2004;
    public const int KeyCollision = 2005;
    public const int ReplicasShort = 2006;

    // 3000: key ring
    public const int KeyRingCreated = 3001;
    public const int KeyRingRotated = 3002;
    public const int KeyRingUnavailable = 3003;
    public const int KeyRingMalformed = 3004;
}
