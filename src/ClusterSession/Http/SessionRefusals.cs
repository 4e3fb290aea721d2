using ClusterSession.Committing;
using ClusterSession.Diagnostics;
using ClusterSession.Stores;
using Microsoft.AspNetCore.Http;

namespace ClusterSession.Http;

/// <summary>What a session refuses its application, and what it says then.</summary>
internal static class SessionRefusals
{
    public static InvalidOperationException ReadOnly(HttpContext context, string what) =>
        new(
            $"The endpoint '{context.GetEndpoint()?.DisplayName}' has [SessionAccess(SessionConcurrency.ReadOnly)] "
                + $"and {what}. Mark it as Merge, or do not change the session there."
        );

    public static InvalidOperationException TooLateToBegin() =>
        new(
            "A session cannot begin after the response headers have left: the client would not learn its id. "
                + "Change the session before writing the response."
        );

    public static InvalidOperationException TooLateToRotate() =>
        new(
            "The session's id cannot be changed after the response headers have left: the client would not learn the "
                + "new one. Call RotateIdAsync before writing the response."
        );

    public static SessionUnavailableException EndPending() =>
        new(
            "The end of the session has not reached the store, which is not responding. It holds on this node, which "
                + "sends it until the store takes it; until then other nodes may serve the session.",
            StoreFailure.Unknown
        );

    public static SessionUnavailableException EndedElsewhere() =>
        new(
            "The session's id could not be changed: another request has ended the session, or given it to another "
                + "person. What this request has changed is not kept.",
            StoreFailure.Refused
        );

    public static void ThrowIfEmpty(bool isAvailable, string what)
    {
        if (!isAvailable)
        {
            throw new SessionUnavailableException(
                $"{what}: its store is not responding, and this request has an empty session in its place.",
                StoreFailure.Unreachable
            );
        }
    }

    public static void ThrowIfUnavailable(in CommitResult result, string what)
    {
        if (result.Outcome == CommitOutcome.Unavailable)
        {
            throw new SessionUnavailableException($"{what}: {FailureWords.Of(result.Failure)}.", result.Failure);
        }
    }

    public static void ThrowIfTooLong(byte[] value, ClusterSessionOptions options)
    {
        if (value.Length > options.MaxAttributeBytes)
        {
            throw new ArgumentException(
                $"The attribute has {value.Length:N0} bytes, and ClusterSession:MaxAttributeBytes allows "
                    + $"{options.MaxAttributeBytes:N0}. Store less in the session, or raise the limit.",
                nameof(value)
            );
        }
    }
}
