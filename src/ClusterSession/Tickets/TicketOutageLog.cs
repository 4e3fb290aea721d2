using ClusterSession.Diagnostics;
using ClusterSession.Stores;
using Microsoft.Extensions.Logging;

namespace ClusterSession.Tickets;

/// <summary>Writes that logins cannot be read, at a bounded rate. Thread-safe.</summary>
internal sealed class TicketOutageLog(TimeProvider time, ILogger<TicketOutageLog> logger)
{
    private readonly LogRate _failed = new(time);

    public void Write(StoreFailure failure)
    {
        if (_failed.MayWrite(out var count))
        {
            logger.TicketsUnavailable(failure, count);
        }
    }
}
