using ClusterSession.Stores;
using ClusterSession.Stores.Outage;

namespace ClusterSession.Http;

/// <summary>How long the request may wait for the store.</summary>
internal sealed partial class RequestSession
{
    private StoreBudget _budget;

    /// <summary>
    /// The request begins to wait for the store. After the headers have left nobody waits for this request as a whole any more, and it may go on for hours: from
    /// then on each commit may take as long as a request.
    /// </summary>
    public StoreDeadline BeginWaiting() =>
        HaveHeadersLeft
            ? new StoreDeadline(_services.Time, _services.Options.Outage.HardTimeout)
            : _budget.Begin(_services.Time, _services.Options.Outage.HardTimeout);

    /// <summary>The request waits no longer.</summary>
    public void EndWaiting(in StoreDeadline deadline)
    {
        if (!HaveHeadersLeft)
        {
            _budget.End(deadline, _services.Options.Outage.HardTimeout);
        }
    }
}
