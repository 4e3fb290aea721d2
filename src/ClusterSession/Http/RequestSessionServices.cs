using System.Security.Cryptography;
using ClusterSession.Diagnostics;
using ClusterSession.Http.Cookies;
using ClusterSession.Serialization;
using ClusterSession.Sessions.Committing;
using ClusterSession.Stores;
using ClusterSession.Stores.Outage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ClusterSession.Http;

/// <summary>What the sessions of requests need of the node; one object, so that a request's session holds one reference.</summary>
internal sealed class RequestSessionServices(
    IOptions<ClusterSessionOptions> options, StoreGuard store, SessionCommitter committer, KeyRingSource keyRing,
    ISessionSerializer serializer, RandomNumberGenerator random, TimeProvider time, SessionMetrics metrics, ILogger<ClusterSessionMiddleware> logger)
{
    public ClusterSessionOptions Options { get; } = options.Value;

    public StoreGuard Store { get; } = store;

    public SessionCommitter Committer { get; } = committer;

    public KeyRingSource KeyRing { get; } = keyRing;

    public CookieMemory Cookies { get; } = new();

    public SetCookieHeader SetCookie { get; } = new(options.Value.Cookie);

    public PrincipalMemory Principals { get; } = new();

    public ISessionSerializer Serializer { get; } = serializer;

    public RandomNumberGenerator Random { get; } = random;

    public TimeProvider Time { get; } = time;

    public RequestLog Logger { get; } = new(logger, metrics, time);
}
