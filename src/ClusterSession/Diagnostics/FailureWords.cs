using ClusterSession.Stores;

namespace ClusterSession.Diagnostics;

/// <summary>
/// What a failure of the store means for one session, and what to do about it: words of messages.
/// </summary>
internal static class FailureWords
{
    /// <summary>What is wrong, as the part of a sentence behind a colon.</summary>
    public static string Of(StoreFailure failure) =>
        failure switch
        {
            StoreFailure.Damaged => "what its store has of it is damaged (Damaged)",
            StoreFailure.TooLarge =>
                "it is larger than a reply of the store may be, or would become so large (TooLarge)",
            StoreFailure.Refused or StoreFailure.Undecided => $"its store refused ({failure})",
            _ => $"its store is not responding ({failure})",
        };

    /// <summary>What to do, as a sentence.</summary>
    public static string RemedyOf(StoreFailure failure) =>
        failure switch
        {
            StoreFailure.Damaged => "Event 2020 names the record; other sessions are not concerned.",
            StoreFailure.TooLarge =>
                "Store less in the session, or raise ClusterSession:MaxSessionBytes; other sessions are "
                    + "not concerned.",
            _ => "Check the store.",
        };

    /// <summary>Why a commit was refused that would have made the session too large.</summary>
    public static string TooLarge(long most) =>
        "The session could not be committed: with what other requests have stored in it meanwhile it would have more "
        + $"than the {most:N0} bytes, names counted, that ClusterSession:MaxSessionBytes allows. Store less in the "
        + "session, remove something, or raise the limit.";
}
