namespace FullCluster.Parts;

/// <summary>One field of a hash in Redis, or a key of another type as its only one.</summary>
/// <param name="Bytes">Digest of all bytes.</param>
/// <param name="Value">Of an attribute of a session the digest of its value, or that it was
/// removed; of its header whether it lives.</param>
internal sealed record RedisField(string Bytes, string Value);
