using System.Text;
using Xunit;

namespace ClusterSession.Tests.DropIn;

/// <summary>
/// Runs the same program with <c>AddSession</c> and with <c>AddClusterSession</c>, and compares
/// what a client observes. The script says what that is, so that two programs that fail in the same
/// way do not pass.
/// </summary>
public abstract class DropInCases
{
    /// <summary>Both do what the script says.</summary>
    private protected static async Task SameAsync(HostKind server, DropInProgram program, string script)
    {
        var steps = DropInStep.Parse(script);
        Assert.DoesNotContain(steps, step => step.IsDifference);
        await RunAsync(server, program, steps);
    }

    /// <summary>They differ, as the script says: a deliberate difference.</summary>
    private protected static async Task DiffersAsync(HostKind server, DropInProgram program, string script)
    {
        var steps = DropInStep.Parse(script);
        Assert.Contains(steps, step => step.IsDifference);
        await RunAsync(server, program, steps);
    }

    private protected static Task<DropInRun> StartAsync(SessionKind kind, HostKind server, DropInProgram program) =>
        DropInRun.StartAsync(kind, server, program);

    private static async Task RunAsync(HostKind server, DropInProgram program, DropInStep[] steps)
    {
        foreach (var kind in Enum.GetValues<SessionKind>())
        {
            await using var run = await DropInRun.StartAsync(kind, server, program);
            var client = run.Client();
            var story = new StringBuilder();
            var isAsExpected = true;
            foreach (var step in steps)
            {
                if (step.Request is null)
                {
                    Do(run, step.Text);
                    story.AppendLine(step.Text);
                    continue;
                }

                var observed = await run.WithTimeAsync(client.SendAsync(step.Request));
                var isRight = observed == step.Expected(kind);
                isAsExpected &= isRight;
                story.AppendLine($"{step.Text} -> {observed}{(isRight ? "" : "    EXPECTED " + step.Expected(kind))}");
            }

            Assert.True(isAsExpected, $"{kind} on {server}:\n{story}");
        }
    }

    private static void Do(DropInRun run, string step)
    {
        if (step.StartsWith("after ", StringComparison.Ordinal))
        {
            run.Time.Advance(TimeSpan.ParseExact(step["after ".Length..], "c", null));
        }
        else
        {
            run.Faults.Set(step["store ".Length..]);
        }
    }
}
