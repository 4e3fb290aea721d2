using ClusterSession.Transport.Options;
using ClusterSession.Transport.Sockets;
using ClusterSession.ZooKeeper.Protocol;
using ClusterSession.ZooKeeper.Watches;

namespace ClusterSession.ZooKeeper.Connection;

/// <summary>
/// How a connection begins: the session, the credentials, then the watches, before anything else.
/// </summary>
/// <remarks>
/// No event is lost between two connections: all that was received on the last one has been handled
/// before this one begins, and the last zxid that it told of goes with the watches. The server
/// fires those whose node was changed since, and keeps the others. A server that has not come as
/// far as that zxid itself refuses the greeting.
/// </remarks>
internal sealed class ZooKeeperProtocol(
    ZooKeeperSession session,
    WatchTable watches,
    ZooKeeperOptions settings,
    TransportOptions options,
    TimeProvider time
) : IProtocol<ZooKeeperConnection>
{
    /// <summary>
    /// Of paths in one request: a server takes a million bytes by default.
    /// </summary>
    private const int WatchBytes = 128 << 10;

    public ZooKeeperConnection Create(Stream stream, ServerAddress address) =>
        new(stream, address, options, time, session, watches, settings.Chroot);

    public async Task GreetAsync(ZooKeeperConnection connection, CancellationToken cancellationToken)
    {
        var greeting = connection.SendAsync(new GreetingRequest(session.Greeting())).AsTask();
        connection.Start();
        var response = await greeting.ConfigureAwait(false);
        if (response.IsExpired)
        {
            session.Expire();
            throw new ConnectException(
                SessionFailures.Expired,
                $"{connection.Address} says that the session has expired. Its ephemeral nodes are gone. Begin another "
                    + "one with a new client, once what depended on them is settled."
            );
        }

        session.Accept(response);
        if (settings.User is { } user)
        {
            var access = await connection
                .SendAsync(Commands.Authenticate(user, settings.Password).On(connection))
                .ConfigureAwait(false);
            Check(access.Code, connection, ConnectFailure.AccessDenied, "refused the credentials (User, Password)");
        }

        await SetWatchesAsync(connection).ConfigureAwait(false);
    }

    private static void Check(ZooKeeperCode code, ZooKeeperConnection connection, ConnectFailure failure, string what)
    {
        if (code != ZooKeeperCode.Ok)
        {
            var kind = code is ZooKeeperCode.Unknown or ZooKeeperCode.NotSent ? ConnectFailure.Unreachable : failure;
            throw new ConnectException(kind, $"{connection.Address} {what}: {code}.");
        }
    }

    private async Task SetWatchesAsync(ZooKeeperConnection connection)
    {
        // Replies to the first part move the zxid on; the second one needs the same as the first.
        var zxid = session.LastZxid;
        var left = new Queue<(WatchKind Kind, string Path)>(watches.Snapshot());
        while (left.Count > 0)
        {
            List<string>[] parts =
            [
                [],
                [],
                [],
            ];
            for (var bytes = 0; bytes < WatchBytes && left.TryDequeue(out var watch); bytes += watch.Path.Length)
            {
                parts[(int)watch.Kind].Add(watch.Path);
            }

            var command = Commands.SetWatches(
                zxid,
                parts[(int)WatchKind.Data],
                parts[(int)WatchKind.Exist],
                parts[(int)WatchKind.Children]
            );
            var set = await connection.SendAsync(command.On(connection)).ConfigureAwait(false);
            Check(set.Code, connection, ConnectFailure.Unsupported, "did not set the watches again");
        }
    }
}
