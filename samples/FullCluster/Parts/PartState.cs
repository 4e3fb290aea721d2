namespace FullCluster.Parts;

/// <summary>What a part is doing.</summary>
internal enum PartState
{
    Down,
    Starting,
    Up,
    Frozen,
}
