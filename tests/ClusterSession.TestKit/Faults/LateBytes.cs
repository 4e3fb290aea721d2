namespace ClusterSession.TestKit.Faults;

/// <summary>What happens after a black hole to bytes that were sent into it.</summary>
public enum LateBytes
{
    /// <summary>
    /// They arrive now, as a retransmission would: a command from before the partition is executed
    /// after it.
    /// </summary>
    Deliver,

    /// <summary>
    /// Connections that lived through it are reset, as after a firewall lost its state.
    /// </summary>
    Reset,
}
