namespace ClusterSession.Asking;

/// <summary>One ask of one process.</summary>
/// <param name="Process">Who asked.</param>
/// <param name="Number">The number that this process gave the ask.</param>
internal readonly record struct AskId(long Process, long Number);
