using System.Diagnostics;
using ClusterSession.Stores;

namespace ClusterSession.Diagnostics;

/// <summary>
/// The spans of the activity source <c>ClusterSession</c>: where a request waited for its session,
/// and what a node did when the store had become another. A request that is served from a local
/// copy has no span for opening. A request that changes nothing has no span for a commit.
/// </summary>
/// <remarks>
/// <code>
/// clustersession.open      a session is read from the store     clustersession.outcome, error.type
/// clustersession.commit    changes, a new session, another id   clustersession.outcome, error.type
/// clustersession.failover  the store has become another         clustersession.loss
/// clustersession.replay    replays after a failover             clustersession.replayed,
///                                                               .restored, .failed
/// </code>
/// No id, token or value is on a span. Without a listener nothing is allocated.
/// </remarks>
internal static class SessionActivities
{
    private const string Outcome = "clustersession.outcome";
    private const string ErrorType = "error.type";

    private static readonly ActivitySource Source = new(SessionMetrics.MeterName);

    public static Activity? Opening() => Source.StartActivity("clustersession.open");

    /// <summary>The session was found, or not.</summary>
    /// <param name="activity">The span, if somebody listens.</param>
    /// <param name="outcome">What came of it.</param>
    /// <param name="failure">Why the store did not answer, if it did not.</param>
    public static void Opened(Activity? activity, string outcome, StoreFailure failure)
    {
        if (activity is not null)
        {
            activity.SetTag(Outcome, outcome);
            Fail(activity, failure);
        }
    }

    public static Activity? Committing() => Source.StartActivity("clustersession.commit");

    /// <summary>The changes were committed, or not.</summary>
    /// <param name="activity">The span, if somebody listens.</param>
    /// <param name="outcome">What came of it.</param>
    /// <param name="failure">Why the store did not answer, if it did not.</param>
    public static void Committed(Activity? activity, string outcome, StoreFailure failure) =>
        Opened(activity, outcome, failure);

    public static Activity? FailingOver(StoreLoss loss) =>
        Source
            .StartActivity("clustersession.failover")
            ?.SetTag(
                "clustersession.loss",
                loss switch
                {
                    StoreLoss.Everything => "everything",
                    StoreLoss.Recent => "recent",
                    StoreLoss.Moved => "moved",
                    _ => "none",
                }
            );

    public static Activity? Replaying() => Source.StartActivity("clustersession.replay");

    public static void Replayed(Activity? activity, int replayed, int restored, int failed) =>
        activity
            ?.SetTag("clustersession.replayed", replayed)
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
