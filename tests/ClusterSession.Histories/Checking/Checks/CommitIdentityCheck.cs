using ClusterSession.Histories;

namespace ClusterSession.Histories.Checking.Checks;

/// <summary>
/// One version names one commit: two requests of one session that were committed as the same
/// version would hide each other from every token.
/// </summary>
public sealed class CommitIdentityCheck : IHistoryCheck
{
    public string Name => "commit identity";

    public CheckResult Check(CheckContext context)
    {
        var report = new CheckReport(Name);
        foreach (var session in context.Sessions)
        {
            var seen = new Dictionary<SeenVersion, HistoryEvent>();
            foreach (var request in session.Events)
            {
                if (request.Committed is not { } version)
                {
                    continue;
                }
                report.Opportunity();
                if (!seen.TryAdd(version, request))
                {
                    report.Violation(
                        "SAME-VERSION",
                        OutcomeClass.Never,
                        $"two commits are called {version}",
                        seen[version],
                        request
                    );
                }
            }
        }
        return report.ToResult();
    }
}
