namespace ClusterSession.Processes;

/// <summary>A server that cannot be started, in a sentence for the one who asked for it.</summary>
public sealed class ServerProcessException(string message, Exception? inner = null)
    : InvalidOperationException(message, inner);
