namespace ClusterSession.Redis.Requests;

/// <summary>A request that may be sent as the name of a script or as the whole script.</summary>
internal interface IScriptRequest
{
    /// <summary>Whether the next sending carries the whole script.</summary>
    bool IsSentWhole { get; set; }
}
