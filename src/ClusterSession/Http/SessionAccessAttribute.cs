namespace ClusterSession;

/// <summary>
/// How an endpoint uses the session. On a method or class of a controller, on a handler, or by
/// <c>WithSessionAccess</c>.
/// </summary>
/// <param name="concurrency">
/// How this endpoint uses the session, and beside which other requests of it.
/// </param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public sealed class SessionAccessAttribute(SessionConcurrency concurrency) : Attribute
{
    private SessionDurability? _durability;

    /// <summary>
    /// How this endpoint uses the session, and beside which other requests of it.
    /// </summary>
    public SessionConcurrency Concurrency { get; } = concurrency;

    /// <summary>
    /// When a commit of this endpoint counts as done. If it is not set, the options say. Reading it
    /// then returns <see cref="SessionDurability.Primary"/>, not the value of the options.
    /// </summary>
    public SessionDurability Durability
    {
        get => _durability ?? SessionDurability.Primary;
        set => _durability = value;
    }

    /// <summary>Whether a request prolongs the session. Set it to false for polling.</summary>
    /// <value>Default true.</value>
    public bool Prolongs { get; set; } = true;

    internal SessionDurability? DurabilityIfSet => _durability;
}
