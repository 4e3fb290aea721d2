using ClusterSession.Documents;
using Microsoft.AspNetCore.Builder;

namespace ClusterSession.Http;

/// <summary>What is known of the pipelines that sessions were put into.</summary>
internal sealed class SessionPipeline(NodePresence presence)
{
    /// <summary>
    /// What UseRouting leaves in the properties of the builder that it is called on.
    /// </summary>
    private const string Routing = "__EndpointRouteBuilder";

    /// <summary>Whether UseClusterSession was called.</summary>
    public bool IsUsed { get; private set; }

    /// <summary>
    /// Whether UseRouting was called after UseClusterSession, so that the middleware does not see
    /// the endpoint.
    /// </summary>
    public bool IsBeforeRouting { get; private set; }

    /// <summary>UseClusterSession is called on this builder now.</summary>
    public void Use(IApplicationBuilder app)
    {
        IsUsed = true;
        presence.Serve();
        if (app.Properties.ContainsKey(Routing))
        {
            return;
        }

        // Runs when the pipeline is built, after all of its calls. Where nobody calls UseRouting,
        // the application puts it in front of everything by itself.
        app.Use(next =>
        {
            IsBeforeRouting |= app.Properties.ContainsKey(Routing);
            return next;
        });
    }
}
