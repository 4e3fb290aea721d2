using ClusterSession.Stores;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Diagnostics;

/// <summary>
/// Every message about logins in the store. Each is written through a <see cref="LogRate"/>.
/// </summary>
internal static partial class TicketLog
{
    private const string Rate = "{Count}"; // A sentence of its own, where it happened more than once.

    [LoggerMessage(
        EventIds.TicketsUnavailable,
        LogLevel.Warning,
        "A login could not be read from the store ({Failure}). The request is answered with 503." + Rate
    )]
    public static partial void TicketsUnavailable(this ILogger logger, StoreFailure failure, LogCount count);

    [LoggerMessage(
        EventIds.TicketUnreadable,
        LogLevel.Warning,
        "A stored login of the scheme {Scheme} could not be read: it was protected with data protection keys that this "
            + "node does not have. Its user must log in again. Let all nodes share their data protection keys."
            + Rate
    )]
    public static partial void TicketUnreadable(this ILogger logger, string scheme, LogCount count);

    [LoggerMessage(
        EventIds.TicketCut,
        LogLevel.Warning,
        "A login of the scheme {Scheme} is to live for {Life}, and ends after {Longest} unless it is renewed: ends are "
            + "not remembered for longer. Set ClusterSession:LongestTicketLife to the longest life of a login."
            + Rate
    )]
    public static partial void TicketCut(
        this ILogger logger,
        string scheme,
        TimeSpan life,
        TimeSpan longest,
        LogCount count
    );
}
