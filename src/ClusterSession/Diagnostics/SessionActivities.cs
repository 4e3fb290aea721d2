using System.Diagnostics;
using ClusterSession.Sessions.Committing;
using ClusterSession.Sessions.Opening;
using ClusterSession.Stores;

namespace ClusterSession.Diagnostics;

/// <summary>
/// The spans of the activity source <c>ClusterSession</c>: where a request waited for its session, and what a node did
/// when the store had become another. A request served from a local copy, and one that changes nothing, has none.
/// </summary>
/// <remarks>
/// <code>
/// clustersession.open      a session is asked for at the store         clustersession.outcome, error.type
/// clustersession.commit    changes, a new session or another id        clustersession.outcome, error.type
/// clustersession.failover  the store has become another                clustersession.loss
/// clustersession.replay    commits are sent again, below a failover    clustersession.replayed, .restored, .failed
/// </code>
/// No id, token or value is on a span. Without a listener nothing is allocated.
/// </remarks>
internal static class SessionActivities
{
    private const string Outcome = "clustersession.outcome";
    private const string ErrorType = "error.type";

    private static readonly ActivitySource Source = new(SessionMetrics.MeterName);

    public static Activity? Opening() => Source.StartActivity("clustersession.open");

    public static void Opened(Activity? activity, in OpenedSession opened)
    {
        if (activity is not null)
        {
            activity.SetTag(Outcome, opened.Outcome switch
            {
                OpenOutcome.Opened => "opened",
                OpenOutcome.Missing => "missing",
                OpenOutcome.Destroyed => "destroyed",
                _ => "unavailable",
            });
            Fail(activity, opened.Outcome == OpenOutcome.Unavailable ? opened.Failure : StoreFailure.None);
        }
    }

    public static Activity? Committing() => Source.StartActivity("clustersession.commit");

    public static void Committed(Activity? activity, in CommitResult result)
    {
        if (activity is not null)
        {
            activity.SetTag(Outcome, result.Outcome switch
            {
                CommitOutcome.Committed => "committed",
                CommitOutcome.Deferred => "deferred",
                CommitOutcome.Destroyed => "destroyed",
                CommitOutcome.Nothing => "nothing",
                _ => "unavailable",
            });
            Fail(activity, result.Outcome == CommitOutcome.Unavailable ? result.Failure : StoreFailure.None);
            activity.Dispose();
        }
    }

    public static Activity? FailingOver(StoreLoss loss) =>
        Source.StartActivity("clustersession.failover")?.SetTag("clustersession.loss", loss switch
        {
            StoreLoss.Everything => "everything",
            StoreLoss.Recent => "recent",
            StoreLoss.Moved => "moved",
            _ => "none",
        });

    public static Activity? Replaying() => Source.StartActivity("clustersession.replay");

    public static void Replayed(Activity? activity, int replayed, int restored, int failed) => activity?
        .SetTag("clustersession.replayed", replayed)
        .SetTag("clustersession.restored", restored)
        .SetTag("clustersession.failed", failed);

    private static void Fail(Activity activity, StoreFailure failure)
    {
        if (failure != StoreFailure.None)
        {
            activity.SetTag(ErrorType, failure.ToString()).SetStatus(ActivityStatusCode.Error);
        }
    }
}
