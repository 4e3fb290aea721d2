using Grpc.Core;

namespace ClusterSession.Failover.Etcd.Client;

/// <summary>
/// What a failed request means. Etcd tells failures apart by their text, which is part of its API.
/// </summary>
internal static class EtcdFailures
{
    private const string Setting = "ClusterSession:Failover:Coordinator";

    /// <summary>The login is not valid any more; the next request logs in again.</summary>
    public static bool IsOfToken(RpcException failure) =>
        failure.StatusCode == StatusCode.Unauthenticated || Says(failure, "revision of auth store is old");

    /// <summary>
    /// Throws where asking again does not help. It would look as if nobody responded, for ever.
    /// </summary>
    /// <exception cref="InvalidDataException">It says what is wrong, and the remedy.</exception>
    public static void ThrowIfForPeople(RpcException failure, string server)
    {
        if (Remedy(failure) is { } remedy)
        {
            throw new InvalidDataException($"etcd at {server} refuses this agent's requests: {remedy}", failure);
        }
    }

    private static string? Remedy(RpcException failure) =>
        failure.StatusCode switch
        {
            StatusCode.PermissionDenied =>
                $"its user may not read and write the keys. Grant its role readwrite on the prefix of {Setting}.",
            StatusCode.InvalidArgument when Says(failure, "authentication failed") =>
                $"user or password is wrong. Set those of etcd in {Setting}, alike on all agents.",
            StatusCode.InvalidArgument when Says(failure, "user name is empty") =>
                $"it wants a user. Add user=...,password=... to {Setting}.",
            StatusCode.FailedPrecondition when Says(failure, "authentication is not enabled") =>
                $"its authentication is off. Enable it (etcdctl auth enable), or leave user and password out of "
                    + $"{Setting}.",
            StatusCode.ResourceExhausted when Says(failure, "database space exceeded") =>
                "its space quota is used up. Compact and defragment it, then run etcdctl alarm disarm.",
            StatusCode.Unimplemented => $"it is no etcd of 3.4 or later. Correct the servers of {Setting}.",
            _ => null,
        };

    private static bool Says(RpcException failure, string text) =>
        failure.Status.Detail.Contains(text, StringComparison.Ordinal);
}
