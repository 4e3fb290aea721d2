namespace ClusterSession.Redis.Connection;

/// <summary>
/// What a server has to show on a connection before it counts as the ruler. Thread-safe.
/// </summary>
internal interface ILeaseGate
{
    /// <summary>The key of the record that is shown.</summary>
    ReadOnlyMemory<byte> Key { get; }

    /// <summary>What precedes each script that writes, so that the server itself looks.</summary>
    string Lua { get; }

    /// <summary>
    /// Under which lease the server has shown itself last to be the ruler; 0: it has not yet.
    /// </summary>
    long Epoch { get; }

    /// <summary>Why the server is not the ruler, as the end of a sentence; null if it is.</summary>
    /// <param name="record">The value of the record; empty: there is none.</param>
    string? WhyClosed(ReadOnlySpan<byte> record);
}
