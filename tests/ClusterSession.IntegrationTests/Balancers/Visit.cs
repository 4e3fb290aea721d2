using System.Net;

namespace ClusterSession.IntegrationTests.Balancers;

/// <summary>How a request was answered.</summary>
internal readonly record struct Visit(
    HttpStatusCode Status,
    string? Node,
    int Count,
    string? Commit,
    bool HasRetryAfter
);
