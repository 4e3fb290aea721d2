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
    public const int SessionEndedWithPrincipal = 1008;
    public const int SessionServedInPart = 1009;
    public const int SeveralCookies = 1010;

    // 2000: stores and copies
    public const int StoreLostSession = 2001;
    public const int StoreLostCommit = 2002;
    public const int TouchesFailed = 2004;
    public const int KeyCollision = 2005;
    public const int ReplicasShort = 2006;

    public const int StoreUnanswering = 2007;
    public const int StoreAnswering = 2008;
    public const int CommitJournalled = 2009;
    public const int JournalFull = 2010;
    public const int JournalSent = 2011;
    public const int JournalNotDrained = 2012;
    public const int StoreReplaced = 2013;
    public const int ReplayDone = 2014;
    public const int CopiesDiscarded = 2015;
    public const int RevocationsMalformed = 2017;
    public const int PrincipalEnded = 2018;
    public const int ReplayCutShort = 2019;
    public const int RecordDamaged = 2020;
    public const int RevocationsLost = 2021;
    public const int EndAllUnheard = 2022;
    public const int DocumentLost = 2023;
    public const int DocumentAwaited = 2024;
    public const int DocumentDamaged = 2025;
    public const int EndsMalformed = 2030;
    public const int EndsForgotten = 2031;
    public const int JournalRefused = 2040;
    public const int SessionsUnasked = 2050;
    public const int NodesOfAnOlderRelease = 2051;
    public const int NodesCannotBeAsked = 2052;
    public const int AskFailed = 2053;

    // 3000: key ring
    public const int KeyRingCreated = 3001;
    public const int KeyRingRotated = 3002;
    public const int KeyRingUnavailable = 3003;
    public const int KeyRingMalformed = 3004;
    public const int KeyRingLocked = 3005;
    public const int KeyRingStillPlain = 3006;
    public const int KeyRingRotatedOnRequest = 3007;

    // 4000: how the application is set up
    public const int StoreNotNamed = 4001;
    public const int AddSessionLeftIn = 4002;
    public const int SessionOptionsLeftIn = 4003;
    public const int SessionStoreIgnored = 4004;
    public const int PipelineMissing = 4005;
    public const int PipelineBeforeRouting = 4006;
    public const int CookieDoubtful = 4007;
    public const int ApplicationNamed = 4010;
    public const int CookieNotSecure = 4011;

    // 6000: keys of Data Protection (5000 is Redis)
    public const int DataProtectionKeysPlain = 6001;
    public const int DataProtectionKeysUnavailable = 6002;
    public const int DataProtectionKeysMalformed = 6003;
    public const int DataProtectionKeysNotStored = 6004;

    // 5000: Redis (in its own package)
    // 7000: logins in the store
    public const int TicketsUnavailable = 7001;
    public const int TicketUnreadable = 7002;
    public const int TicketCut = 7003;

    // 8000: signing in
    public const int PersonHasNameOnly = 8001;
    public const int NewIdPutOff = 8002;
    public const int LoginSchemeUnclear = 8003;
}
