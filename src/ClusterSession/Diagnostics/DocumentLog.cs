using Microsoft.Extensions.Logging;

namespace ClusterSession.Diagnostics;

/// <summary>
/// Messages of documents that all nodes share: what happened, what the node does now, what to do.
/// </summary>
internal static partial class DocumentLog
{
    [LoggerMessage(
        EventIds.DocumentLost,
        LogLevel.Warning,
        "The store had lost the document '{Document}', which all nodes share. This node restores what it knows of it. "
            + "Check that the store evicts nothing, and who deletes its keys."
    )]
    public static partial void DocumentLost(this ILogger logger, string document);

    [LoggerMessage(
        EventIds.DocumentAwaited,
        LogLevel.Warning,
        "The store has lost the document '{Document}', which other nodes know and this one has never read. This node "
            + "waits until they have restored it, and asks again until then. Check that they reach the store."
            + "{Count}"
    )]
    public static partial void DocumentAwaited(this ILogger logger, string document, LogCount count);

    [LoggerMessage(
        EventIds.DocumentDamaged,
        LogLevel.Error,
        "The document '{Document}', which all nodes share, is damaged in the session store '{Store}': {Damage}. Nodes "
            + "go on with what they know of it, and one that starts does not know it. Find out what writes there, and "
            + "delete the document while a node is there that knows it: that one restores it."
    )]
    public static partial void DocumentDamaged(this ILogger logger, string document, string store, string damage);
}
