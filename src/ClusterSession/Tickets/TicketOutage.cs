using ClusterSession.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ClusterSession.Tickets;

/// <summary>
/// Makes a request be answered with 503 because nobody can say who its user is. Any endpoint that
/// the request has, or gets later by routing, is replaced by one that answers 503. This object
/// takes the place of the feature that holds the request's endpoint,
/// because authentication comes before routing in one application and after it in another, and has
/// no other way to end a request without an exception.
/// </summary>
internal sealed class TicketOutage : IEndpointFeature
{
    private readonly RequestDelegate _reject;
    private Endpoint _endpoint;

    private TicketOutage(Endpoint? endpoint, TimeSpan retryAfter)
    {
        _reject = context =>
        {
            SessionResponse.Reject(context, retryAfter, null);
            return Task.CompletedTask;
        };
        _endpoint = Replace(endpoint);
    }

    public Endpoint? Endpoint
    {
        get => _endpoint;
        set => _endpoint = Replace(value);
    }

    public static bool IsIn(HttpContext context) => context.Features.Get<IEndpointFeature>() is TicketOutage;

    public static void Begin(HttpContext context, TimeSpan retryAfter)
    {
        if (!IsIn(context))
        {
            context.Features.Set<IEndpointFeature>(new TicketOutage(context.GetEndpoint(), retryAfter));
        }
    }

    private Endpoint Replace(Endpoint? endpoint) =>
        new(_reject, endpoint?.Metadata ?? EndpointMetadataCollection.Empty, "Login cannot be read");
}
