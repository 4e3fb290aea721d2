using ClusterSession.Cli.Shell;
using ClusterSession.Cli.Verdicts;

namespace ClusterSession.Cli.Output;

/// <summary>
/// Says on the error output that something takes long: one line that is written over, or few lines
/// in a log.
/// </summary>
internal sealed class ProgressLine(Terminal terminal)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Repeat = TimeSpan.FromSeconds(10);

    private TimeSpan _next = Patience;
    private int _written;

    public async Task ShowAsync(TimeSpan elapsed, string state)
    {
        if (elapsed < _next)
        {
            return;
        }

        var line = $"Waiting for {Words.Duration(elapsed)}: {state}";
        if (terminal.CanRewrite)
        {
            line = line[..Math.Min(line.Length, Math.Max(1, terminal.Width - 1))];
            await terminal.Error.WriteAsync("\r" + line.PadRight(_written)).ConfigureAwait(false);
            await terminal.Error.FlushAsync().ConfigureAwait(false);
            _written = line.Length;
        }
        else
        {
            _next = elapsed + Repeat;
            await terminal.Error.WriteLineAsync(line).ConfigureAwait(false);
        }
    }

    /// <summary>Removes the line.</summary>
    public async Task EndAsync()
    {
        if (_written > 0)
        {
            await terminal.Error.WriteAsync("\r" + new string(' ', _written) + "\r").ConfigureAwait(false);
        }
    }
}
