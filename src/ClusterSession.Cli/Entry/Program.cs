using System.Text;
using ClusterSession.Cli.Shell;

namespace ClusterSession.Cli.Entry;

internal static class Program
{
    private const int NarrowestTerminal = 20;

    private static async Task<int> Main(string[] args)
    {
        Console.OutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        return await Tool.RunAsync(args, FromConsole()).ConfigureAwait(false);
    }

    private static Terminal FromConsole() =>
        new()
        {
            Output = Console.Out,
            Error = Console.Error,
            Input = Console.In,
            CanAsk = !Console.IsInputRedirected && !Console.IsErrorRedirected,
            CanRewrite = !Console.IsErrorRedirected,
            HasColour =
                !Console.IsOutputRedirected
                && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
                && Environment.GetEnvironmentVariable("TERM") != "dumb",
            Width = Width(),
            Environment = Environment.GetEnvironmentVariable,
        };

    private static int Width() =>
        int.TryParse(Environment.GetEnvironmentVariable("COLUMNS"), out var columns) && columns >= NarrowestTerminal
            ? columns
        : !Console.IsOutputRedirected && Console.WindowWidth >= NarrowestTerminal ? Console.WindowWidth
        : Terminal.WidthOfFiles;
}
