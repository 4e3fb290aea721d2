namespace ClusterSession.Redis.Protocol;

/// <summary>
/// What a peer may send before it is taken for something that does not speak RESP, or for an
/// attacker.
/// </summary>
/// <param name="MaxFrameBytes">Largest single reply, in bytes; default 64 MiB. Bounds the memory
/// that one length prefix can claim.</param>
/// <param name="MaxLineBytes">Longest line (simple strings, errors, numbers), in bytes; default 64
/// KiB.</param>
/// <param name="MaxDepth">Deepest nesting of aggregates; default 16 (a Redis reply known to us
/// nests five levels at most: CLUSTER SLOTS).</param>
internal sealed record RespLimits(int MaxFrameBytes = 64 << 20, int MaxLineBytes = 64 << 10, int MaxDepth = 16)
{
    /// <summary>The defaults.</summary>
    public static RespLimits Default { get; } = new();
}
