namespace ClusterSession.Failover.Documents;

/// <summary>
/// The part of the document that every release reads, whatever else stands in it.
/// </summary>
/// <param name="Format">Number of the format.</param>
internal sealed record DocumentFormat(int? Format);
