namespace FullCluster.Parts;

/// <summary>What a replica says of itself.</summary>
/// <param name="Follows">The Redis that it follows; null: none that is known, or it is not
/// responding.</param>
/// <param name="IsLinkUp">Whether it is connected to that one.</param>
/// <param name="Lag">Bytes that it is behind that one; null: unknown.</param>
internal sealed record ReplicaLook(string? Follows, bool IsLinkUp, long? Lag)
{
    public static ReplicaLook None { get; } = new(null, false, null);
}
