namespace ClusterSession.Asking;

/// <summary>One ask of one process.</summary>
/// <param name="Process">Who asked.</param>
/// <param name="Number">Its number of it.</param>
internal readonly record struct AskId(long Process, long Number);
