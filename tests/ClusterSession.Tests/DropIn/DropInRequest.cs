namespace ClusterSession.Tests.DropIn;

/// <summary>A request of a script.</summary>
/// <param name="Verb">GET, HEAD, POST.</param>
/// <param name="Path">With its query.</param>
/// <param name="Headers">As <c>Name: value</c>.</param>
/// <param name="Shown">
/// Response headers that are observed too; <c>renewals</c> for a cookie of the same session that is
/// sent again.
/// </param>
internal sealed record DropInRequest(string Verb, string Path, string[] Headers, string[] Shown);
