namespace ClusterSession.Cli.Generating;

/// <summary>Who decides which Redis is the master, and by what nodes find it.</summary>
internal enum TrafficSwitch
{
    /// <summary>Agents decide; HAProxy on each application host leads to the master.</summary>
    Haproxy,

    /// <summary>Agents decide; keepalived moves a virtual address to the master's host.</summary>
    Keepalived,

    /// <summary>keepalived decides, and moves the address: two hosts, no vote.</summary>
    KeepalivedAlone,

    /// <summary>Sentinels decide, and nodes ask them.</summary>
    Sentinel,
}
