using System.Text.Json.Serialization;

namespace ClusterSession.Failover.Documents;

/// <summary>What happened in a cluster.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<EventKind>))]
internal enum EventKind
{
    /// <summary>A member became master after the former lease ran out or was released.</summary>
    Failover,

    /// <summary>The master took its lease again, which had run out.</summary>
    Regain,

    /// <summary>A member became master by a switch.</summary>
    Switch,

    /// <summary>The former master took back the lease that it had handed over.</summary>
    TakeBack,

    /// <summary>The holder released its lease, or gave up a change under way.</summary>
    GivenUp,

    /// <summary>An operator asked for a switch.</summary>
    SwitchAsked,

    /// <summary>An operator asked for a failover.</summary>
    FailoverAsked,

    /// <summary>The master retracted a switch, a failover or the way back.</summary>
    Retracted,

    /// <summary>A member was found with data that the master may lack.</summary>
    Unmerged,

    /// <summary>A member of the ledger follows the master.</summary>
    Settled,

    /// <summary>What only a member of the ledger had was merged into the master.</summary>
    Merged,

    /// <summary>The master hands over to a member that is preferred to it.</summary>
    ReturnAsked,

    /// <summary>An operator discarded the data of a member.</summary>
    Discarded,

    /// <summary>An operator had a member forgotten.</summary>
    Forgotten,

    /// <summary>An operator had the members of an agent's settings taken.</summary>
    Adopted,

    /// <summary>An operator asked for all data of a member to be replaced.</summary>
    ReinitAsked,

    /// <summary>All data of a member was replaced.</summary>
    Reinitialized,

    /// <summary>An operator raised the epochs of a coordination store that was lost.</summary>
    EpochRaised,

    /// <summary>Deciding was stopped.</summary>
    MaintenanceOn,

    /// <summary>Deciding goes on.</summary>
    MaintenanceOff,
}
