using System.Diagnostics.CodeAnalysis;

namespace ClusterSession.ZooKeeper;

/// <summary>How a request ended, and what it brought.</summary>
/// <typeparam name="T">What it brings.</typeparam>
/// <param name="Code">How it ended.</param>
/// <param name="Value">What it brought; none unless <see cref="IsOk"/>.</param>
public readonly record struct ZooKeeperResult<T>(ZooKeeperCode Code, T? Value)
{
    /// <summary>Whether it is done.</summary>
    [MemberNotNullWhen(true, nameof(Value))]
    public bool IsOk => Code == ZooKeeperCode.Ok;
}
