namespace ClusterSession.Cli.Shell;

/// <summary>What the tool ends with; docs/operations/commands.md has the table.</summary>
internal static class ExitCode
{
    /// <summary>Done, or the cluster is healthy.</summary>
    public const int Done = 0;

    /// <summary>It failed, or what became of it is unknown.</summary>
    public const int Failed = 1;

    /// <summary>Wrong usage.</summary>
    public const int Usage = 2;

    /// <summary>The cluster refused it.</summary>
    public const int Refused = 3;

    /// <summary>No agent is responding.</summary>
    public const int NoAgent = 4;

    /// <summary>Status: no master takes writes, several do, or it cannot be told.</summary>
    public const int Down = 5;

    /// <summary>Status: a master takes writes, and something needs attention.</summary>
    public const int Degraded = 6;

    /// <summary>Wait: the command was accepted and was not done in time.</summary>
    public const int NotYet = 7;

    /// <summary>The question was answered with no, or there was nobody to ask.</summary>
    public const int NotConfirmed = 8;

    /// <summary>Interrupted from the keyboard, as shells count it.</summary>
    public const int Interrupted = 130;
}
