namespace ClusterSession.Cli.Output;

/// <summary>A line of JSON of <c>notify</c>: it says what it does for as long as it runs.</summary>
/// <param name="Time">When.</param>
/// <param name="State">What keepalived has become.</param>
/// <param name="Text">What happened, as a sentence.</param>
internal sealed record NotifyReport(DateTimeOffset Time, string State, string Text);
