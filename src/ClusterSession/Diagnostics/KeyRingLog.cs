using ClusterSession.Stores;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Diagnostics;

/// <summary>Every message about the ring of keys that sign session cookies.</summary>
internal static partial class KeyRingLog
{
    private const string Rate = "{Count}"; // A sentence of its own, where it happened more than once.

    [LoggerMessage(
        EventIds.KeyRingCreated,
        LogLevel.Information,
        "Created and stored the ring of keys that sign session cookies."
    )]
    public static partial void KeyRingCreated(this ILogger logger);

    [LoggerMessage(
        EventIds.KeyRingRotated,
        LogLevel.Information,
        "Added key {KeyId} to the ring that signs session cookies. It signs from {ActiveFrom}."
    )]
    public static partial void KeyRingRotated(this ILogger logger, int keyId, DateTimeOffset activeFrom);

    [LoggerMessage(
        EventIds.KeyRingUnavailable,
        LogLevel.Warning,
        "Could not read the ring of keys that sign session cookies from the store ({Failure}). Retrying. Until then "
            + "this node uses the keys that it knows."
            + Rate
    )]
    public static partial void KeyRingUnavailable(this ILogger logger, StoreFailure failure, LogCount count);

    [LoggerMessage(
        EventIds.KeyRingMalformed,
        LogLevel.Critical,
        "The ring of keys in the store is not one that this release can read. It stays as it is. Set keys in the "
            + "configuration (ClusterSession:Keys), or remove the stored "
            + "ring, which ends all sessions."
            + Rate
    )]
    public static partial void KeyRingMalformed(this ILogger logger, LogCount count);

    [LoggerMessage(
        EventIds.KeyRingLocked,
        LogLevel.Critical,
        "The ring of keys in the store is sealed, and this node cannot open it, or cannot seal one: it was sealed with "
            + "another secret, changed by somebody, or data protection has no key. No session is begun with it, and it "
            + "stays as it is. Give ProtectKeysWith what sealed it, as a former secret where it was replaced."
            + Rate
    )]
    public static partial void KeyRingLocked(this ILogger logger, LogCount count);

    [LoggerMessage(
        EventIds.KeyRingStillPlain,
        LogLevel.Warning,
        "The ring of keys in the store is not sealed, although this node seals it (ProtectKeysWith): it was stored "
            + "before, and is sealed when it is next written. Call ISessionManager.RotateKeysAsync when all nodes have "
            + "the secret."
    )]
    public static partial void KeyRingStillPlain(this ILogger logger);

    public static void KeyRingRotatedOnRequest(this ILogger logger, int keyId, bool isRevoked) =>
        logger.KeyRingRotatedOnRequest(
            keyId,
            isRevoked ? "All older keys are revoked: every earlier cookie is refused." : "Older keys stay valid."
        );

    [LoggerMessage(
        EventIds.KeyRingRotatedOnRequest,
        LogLevel.Warning,
        "Key {KeyId} signs session cookies from now on, because RotateKeysAsync was called. {Older}"
    )]
    private static partial void KeyRingRotatedOnRequest(this ILogger logger, int keyId, string older);
}
