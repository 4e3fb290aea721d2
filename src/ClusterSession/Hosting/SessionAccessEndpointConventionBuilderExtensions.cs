using ClusterSession;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Says how endpoints use the session.</summary>
public static class SessionAccessEndpointConventionBuilderExtensions
{
    /// <summary>Says how these endpoints use the session.</summary>
    /// <typeparam name="TBuilder">The kind of endpoints.</typeparam>
    /// <param name="builder">The endpoints.</param>
    /// <param name="concurrency">What requests of one session may do at the same time.</param>
    /// <param name="durability">When a commit counts as done; null for what the options
    /// say.</param>
    /// <param name="prolongs">Whether a request prolongs the session.</param>
    public static TBuilder WithSessionAccess<TBuilder>(
        this TBuilder builder,
        SessionConcurrency concurrency,
        SessionDurability? durability = null,
        bool prolongs = true
    )
        where TBuilder : IEndpointConventionBuilder
    {
        var access = new SessionAccessAttribute(concurrency) { Prolongs = prolongs };
        if (durability is { } wanted)
        {
            access.Durability = wanted;
        }

        builder.Add(endpoint => endpoint.Metadata.Add(access));
        return builder;
    }
}
