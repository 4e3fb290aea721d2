using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace ClusterSession.Processes;

/// <summary>
/// Waits for something to become true; tests wait for conditions, not for durations.
/// </summary>
public static class Condition
{
    private static readonly TimeSpan DefaultDeadline = TimeSpan.FromSeconds(20);

    /// <summary>Polls until the condition holds.</summary>
    /// <exception cref="TimeoutException">It did not within the deadline (default 20 s); the
    /// message says what was awaited.</exception>
    /// <param name="what">What is awaited; default: the condition's own text.</param>
    public static Task HoldsAsync(
        Func<bool> condition,
        [CallerArgumentExpression(nameof(condition))] string what = "",
        TimeSpan? deadline = null
    ) => HoldsAsync(() => Task.FromResult(condition()), what, deadline);

    /// <inheritdoc cref="HoldsAsync(Func{bool}, string, TimeSpan?)"/>
    public static async Task HoldsAsync(
        Func<Task<bool>> condition,
        [CallerArgumentExpression(nameof(condition))] string what = "",
        TimeSpan? deadline = null
    )
    {
        var limit = deadline ?? DefaultDeadline;
        var clock = Stopwatch.StartNew();
        while (!await condition())
        {
            if (clock.Elapsed > limit)
            {
                throw new TimeoutException($"Not within {limit.TotalSeconds:0.#} s: {what}.");
            }

            await Task.Delay(5);
        }
    }
}
