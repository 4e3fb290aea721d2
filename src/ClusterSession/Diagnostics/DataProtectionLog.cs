using ClusterSession.Stores;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Diagnostics;

/// <summary>Every message about the keys of Data Protection in the session store.</summary>
internal static partial class DataProtectionLog
{
    private const string Rate = "{Count}"; // A sentence of its own, where it happened more than once.

    [LoggerMessage(
        EventIds.DataProtectionKeysPlain,
        LogLevel.Warning,
        "The keys of Data Protection are in the session store unencrypted, in the environment {Environment}: anyone "
            + "who can read the store can forge the login of every user. Call a method of AddDataProtection() that "
            + "encrypts them, such as ProtectKeysWithCertificate."
    )]
    public static partial void DataProtectionKeysPlain(this ILogger logger, string environment);

    [LoggerMessage(
        EventIds.DataProtectionKeysUnavailable,
        LogLevel.Warning,
        "Could not read or write the keys of Data Protection in the session store ({Failure}). Retrying. Until then "
            + "this node uses the keys that it knows; a node that has never read them protects and unprotects nothing."
            + Rate
    )]
    public static partial void DataProtectionKeysUnavailable(this ILogger logger, StoreFailure failure, LogCount count);

    [LoggerMessage(
        EventIds.DataProtectionKeysMalformed,
        LogLevel.Critical,
        "The stored keys of Data Protection are not ones that this release can read. They stay as they are, and "
            + "nothing is added to them. Update this node, or remove the stored value, which ends all logins."
            + Rate
    )]
    public static partial void DataProtectionKeysMalformed(this ILogger logger, LogCount count);

    [LoggerMessage(
        EventIds.DataProtectionKeysNotStored,
        LogLevel.Error,
        "This node shuts down with a key or a revocation of Data Protection that the session store does not have. What "
            + "was protected by that key cannot be read any more, and the revocation has no effect on other nodes: "
            + "repeat it. Stop nodes only while the store is responding."
    )]
    public static partial void DataProtectionKeysNotStored(this ILogger logger);
}
