using System.Diagnostics;
using System.Runtime.CompilerServices;
using Xunit.Sdk;

namespace ClusterSession.TestKit.Waiting;

/// <summary>
/// Waits for a condition, never for a duration. The deadline is generous because it only ends a test that hangs;
/// it says nothing about how fast the condition should come true.
/// </summary>
public static class Until
{
    public static readonly TimeSpan DefaultDeadline = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    public static Task TrueAsync(
        Func<bool> condition,
        TimeSpan? deadline = null,
        CancellationToken cancellationToken = default,
        [CallerArgumentExpression(nameof(condition))] string description = "") =>
        TrueAsync(() => ValueTask.FromResult(condition()), deadline, cancellationToken, description);

    public static async Task TrueAsync(
        Func<ValueTask<bool>> condition,
        TimeSpan? deadline = null,
        CancellationToken cancellationToken = default,
        [CallerArgumentExpression(nameof(condition))] string description = "")
    {
        var limit = deadline ?? DefaultDeadline;
        var started = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(started) > limit)
            {
                throw new XunitException($"Not true within {limit.TotalSeconds:0.#} s: {description}");
            }
            await Task.Delay(Pause, cancellationToken);
        }
    }
}
