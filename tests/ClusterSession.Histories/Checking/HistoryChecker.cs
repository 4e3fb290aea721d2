using ClusterSession.Histories;
using ClusterSession.Histories.Checking.Checks;

namespace ClusterSession.Histories.Checking;

/// <summary>Runs every check over a history and says what the run has proved.</summary>
public sealed class HistoryChecker(CheckOptions? options = null)
{
    private readonly CheckOptions _options = options ?? CheckOptions.Default;

    public static IReadOnlyList<IHistoryCheck> AllChecks { get; } =
    [
        new SanityCheck(),
        new IntegrityCheck(),
        new TokenCheck(),
        new CommitIdentityCheck(),
        new EntrySetCheck(),
        new RegisterSessionCheck(),
        new RegisterLinearizabilityCheck(),
        new StalenessCheck(),
        new CounterCheck(),
        new LostUpdateCheck(),
        new DestructionCheck(),
        new ExpiryCheck(),
        new ConvergenceCheck(),
        new LivenessCheck(),
    ];

    public Verdict Check(History history)
    {
        var context = new CheckContext(history, _options);
        return new Verdict(history, _options, [.. AllChecks.Select(c => c.Check(context))]);
    }
}
