using System.Security.Claims;
using ClusterSession.Diagnostics;
using ClusterSession.Http.SignIn;
using ClusterSession.Stores;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ClusterSession.Http;

/// <summary>What requests ask about logins; one object for the node. Thread-safe.</summary>
internal sealed class SignIns(
    IOptions<ClusterSessionOptions> options,
    Persons persons,
    SessionMetrics metrics,
    TimeProvider time,
    ILogger<SignIns> logger
)
{
    private readonly LogRate _putOff = new(time);
    private volatile bool _hasSeenEarlier;

    /// <summary>Whether a login changes the id of its session.</summary>
    public bool AreObserved => options.Value.RotateIdAtSignIn;

    /// <summary>Which person is whose.</summary>
    public Persons Persons => persons;

    /// <summary>A user was signed in.</summary>
    public void Observe(HttpContext context, ClaimsPrincipal user)
    {
        if (RequestSession.Of(context) is { } session)
        {
            session.SignIn(user);
        }
        else
        {
            context.Features.Set(new EarlierSignIn(user));
            _hasSeenEarlier = true;
        }
    }

    /// <summary>
    /// Whom a middleware has signed in before the request came to its session, or null.
    /// </summary>
    public ClaimsPrincipal? EarlierIn(HttpContext context)
    {
        // Most applications never do that, and a look at the features costs every request 10 ns.
        if (!_hasSeenEarlier || context.Features.Get<EarlierSignIn>() is not { } earlier)
        {
            return null;
        }

        context.Features.Set<EarlierSignIn>(null);
        return earlier.User;
    }

    /// <summary>A session keeps its id although somebody has logged in.</summary>
    public void PutOff(StoreFailure failure)
    {
        metrics.NewIdsPutOff.Add(1);
        if (_putOff.MayWrite(out var count))
        {
            logger.NewIdPutOff(failure, count);
        }
    }
}
