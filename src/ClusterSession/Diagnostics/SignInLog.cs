using Microsoft.Extensions.Logging;

namespace ClusterSession.Diagnostics;

/// <summary>What the log says of logins and the ids of their sessions.</summary>
internal static partial class SignInLog
{
    private const string Rate = "{Count}"; // A sentence of its own, where it happened more than once.

    [LoggerMessage(
        EventIds.PersonHasNameOnly,
        LogLevel.Warning,
        "A login has neither a NameIdentifier nor a 'sub' claim, and is distinguished from others by its name alone: "
            + "two users of one name share a session in one browser. Issue ClaimTypes.NameIdentifier at sign-in. "
            + "Further logins like this are not logged."
    )]
    public static partial void PersonHasNameOnly(this ILogger logger);

    [LoggerMessage(
        EventIds.NewIdPutOff,
        LogLevel.Warning,
        "The session of a user who has logged in keeps its id for now, because the store is not responding "
            + "({Failure}). The next request that reaches the store changes it."
            + Rate
    )]
    public static partial void NewIdPutOff(this ILogger logger, Stores.StoreFailure failure, LogCount count);

    [LoggerMessage(
        EventIds.LoginSchemeUnclear,
        LogLevel.Warning,
        "Which authentication scheme logs a browser's user in is not clear: the default scheme cannot sign in, and "
            + "several others can ({Schemes}). No sign-in changes a session's id. Name the scheme as "
            + "ClusterSession:SignInSchemes:0, or set ClusterSession:RotateIdAtSignIn to false."
    )]
    public static partial void LoginSchemeUnclear(this ILogger logger, string schemes);
}
