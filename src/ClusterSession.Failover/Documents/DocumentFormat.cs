namespace ClusterSession.Failover.Documents;

/// <summary>
/// The part of the document that every release reads, whatever else is in it.
/// </summary>
/// <param name="Format">Number of the format.</param>
/// <param name="EpochBase">See <see cref="ClusterDocument.EpochBase"/>.</param>
internal sealed record DocumentFormat(int? Format, long EpochBase = 0);
