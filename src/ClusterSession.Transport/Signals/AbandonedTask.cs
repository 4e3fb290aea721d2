namespace ClusterSession.Transport.Signals;

/// <summary>Tasks that nobody waits for any more.</summary>
internal static class AbandonedTask
{
    /// <summary>
    /// Looks at the failure of a task once it has one, so that it does not count as unobserved
    /// (<see cref="TaskScheduler.UnobservedTaskException"/>).
    /// </summary>
    public static void Abandon(this Task task) =>
        task.ContinueWith(
            static failed => _ = failed.Exception,
            CancellationToken.None,
            TaskContinuationOptions.OnlyOnFaulted,
            TaskScheduler.Default
        );
}
