namespace ClusterSession.Cli.Shell;

/// <summary>Where the tool writes and reads; in tests, texts.</summary>
internal sealed record Terminal
{
    /// <summary>Width where the output goes to a file or another program.</summary>
    public const int WidthOfFiles = 100;

    public required TextWriter Output { get; init; }

    public required TextWriter Error { get; init; }

    public required TextReader Input { get; init; }

    /// <summary>Whether a person can be asked: input and error output are a terminal.</summary>
    public bool CanAsk { get; init; }

    /// <summary>Whether the error output is a terminal, where a line may be written over.</summary>
    public bool CanRewrite { get; init; }

    public bool HasColour { get; init; }

    /// <summary>Columns of the output.</summary>
    public int Width { get; init; } = WidthOfFiles;

    /// <summary>Reads an environment variable; null: it is not set.</summary>
    public Func<string, string?> Environment { get; init; } = _ => null;

    public TimeProvider Time { get; init; } = TimeProvider.System;
}
