namespace ClusterSession.Histories.Checking;

/// <summary>
/// One check over a whole history. It looks only at what clients saw, never at the product. It must
/// not call a history wrong that a correct system could have produced: an unknown result is open
/// for ever, a failed write never happened, and what overlaps in time may have any order.
/// </summary>
public interface IHistoryCheck
{
    string Name { get; }

    CheckResult Check(CheckContext context);
}
