using ClusterSession.Stores;

namespace ClusterSession.ChaosNode.Broken;

/// <summary>
/// The lease of a node that takes a server's OK for a proof: current as long as the connection is
/// there, whether or not the server was seen to push what changes.
/// </summary>
internal sealed class UnprovedLease(SessionLease proved) : SessionLease
{
    public override bool IsCurrent => !proved.IsLost;

    public override bool IsLost => proved.IsLost;

    public override int Partition => proved.Partition;

    public override long Epoch => proved.Epoch;
}
