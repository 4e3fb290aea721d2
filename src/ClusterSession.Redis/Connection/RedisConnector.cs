using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using ClusterSession.Revoking;

namespace ClusterSession.Redis.Connection;

/// <summary>
/// Makes connections: socket, TLS, handshake, all within the connect timeout. Thread-safe.
/// </summary>
internal sealed class RedisConnector(
    RedisOptions options,
    TimeProvider time,
    IRedisPushHandler? pushHandler,
    RedisHandshakeOptions handshake
)
{
    private readonly RedisOptions _options = options.Snapshot();

    /// <summary>The options, unchangeable from outside.</summary>
    public RedisOptions Options => _options;

    /// <summary>Connects to one endpoint.</summary>
    /// <exception cref="RedisConnectException">It did not work; says why, and what can be done
    /// about it.</exception>
    /// <exception cref="OperationCanceledException">The caller's token was cancelled.</exception>
    public async Task<RedisConnection> ConnectAsync(RedisEndpoint endpoint, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(_options.ConnectTimeout, time);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        Stream? stream = null;
        RedisConnection? connection = null;
        try
        {
            stream = await OpenSocketAsync(endpoint, deadline.Token).ConfigureAwait(false);
            if (_options.Tls)
            {
                stream = await EncryptAsync(stream, endpoint, deadline.Token).ConfigureAwait(false);
            }

            connection = new RedisConnection(stream, endpoint, _options, time, pushHandler);
            await RedisHandshake.RunAsync(connection, _options, handshake, deadline.Token).ConfigureAwait(false);
            return connection;
        }
        catch (Exception e)
        {
            if (connection is not null)
            {
                await connection.DisposeAsync().ConfigureAwait(false);
            }
            else if (stream is not null)
            {
                await stream.DisposeAsync().ConfigureAwait(false);
            }

            cancellationToken.ThrowIfCancellationRequested();
            if (e is RedisConnectException)
            {
                throw;
            }

            if (timeout.IsCancellationRequested)
            {
                throw new RedisConnectException(
                    RedisConnectFailure.TimedOut,
                    $"{endpoint} was not ready within {_options.ConnectTimeout.TotalMilliseconds:0} ms (ConnectTimeout).",
                    e
                );
            }

            throw new RedisConnectException(
                RedisConnectFailure.Unreachable,
                $"No connection to {endpoint}: {e.Message}",
                e
            );
        }
    }

    private static async Task<Stream> OpenSocketAsync(RedisEndpoint endpoint, CancellationToken ct)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.NoDelay = true;
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            await socket.ConnectAsync(endpoint.Host, endpoint.Port, ct).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task<Stream> EncryptAsync(Stream plain, RedisEndpoint endpoint, CancellationToken ct)
    {
        var host = _options.TlsHost ?? endpoint.Host;
        var found = SslPolicyErrors.None;
        DateTime? expired = null;
        var tls = new SslStream(plain, leaveInnerStreamOpen: false);
        try
        {
            var authentication = new SslClientAuthenticationOptions
            {
                TargetHost = host,
                EnabledSslProtocols = _options.TlsProtocols,
                CertificateChainPolicy = ChainPolicy(),
                CertificateRevocationCheckMode = Revocation,
                // Decides as the default does; it is here to learn which check failed.
                RemoteCertificateValidationCallback = (_, _, chain, errors) =>
                {
                    found = errors;
                    expired = errors == SslPolicyErrors.None ? null : FindExpired(chain);
                    return errors == SslPolicyErrors.None;
                },
            };
            if (_options.TlsCertificateFile is { } certificate)
            {
                authentication.ClientCertificateContext = SslStreamCertificateContext.Create(
                    X509Certificate2.CreateFromPemFile(certificate, _options.TlsKeyFile),
                    null,
                    offline: true
                );
            }

            await tls.AuthenticateAsClientAsync(authentication, ct).ConfigureAwait(false);
            return tls;
        }
        catch (Exception e)
            when (e is AuthenticationException or System.Security.Cryptography.CryptographicException
                || found != SslPolicyErrors.None
            )
        {
            await tls.DisposeAsync().ConfigureAwait(false);
            throw new RedisConnectException(
                RedisConnectFailure.TlsRefused,
                $"No TLS connection to {endpoint}: {Explain(found, expired, host, e)}",
                e
            );
        }
        catch
        {
            await tls.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private X509RevocationMode Revocation =>
        _options.TlsCheckRevocation ? X509RevocationMode.Online : X509RevocationMode.NoCheck;

    private X509ChainPolicy? ChainPolicy()
    {
        if (_options.TlsCaFile is not { } caFile)
        {
            return null;
        }

        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = Revocation,
        };
        try
        {
            policy.CustomTrustStore.ImportFromPemFile(caFile);
        }
        catch (Exception e)
            when (e is IOException or UnauthorizedAccessException or System.Security.Cryptography.CryptographicException
            )
        {
            throw new RedisConnectException(
                RedisConnectFailure.TlsRefused,
                $"The file of certificate authorities '{caFile}' (TlsCaFile) cannot be read: {e.Message}",
                e
            );
        }

        return policy;
    }

    /// <summary>When the certificate, or one of the authorities above it, ended.</summary>
    private DateTime? FindExpired(X509Chain? chain)
    {
        var now = time.GetUtcNow();
        return chain
            ?.ChainElements.FirstOrDefault(element => element.Certificate.NotAfter < now)
            ?.Certificate.NotAfter.ToUniversalTime();
    }

    private static string Explain(SslPolicyErrors found, DateTime? expired, string host, Exception e) =>
        found switch
        {
            _ when found.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) =>
                $"the certificate is not made for '{host}'. Connect by a name that it bears, or name that one as sslHost (TlsHost).",
            _ when found.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors) => expired is { } until
                ? $"the server's certificate, or its authority's, expired on {until:yyyy-MM-dd HH:mm} UTC. Give the server a new one."
                : "the certificate comes from no trusted authority, or is not valid yet. Name the authority's PEM file as sslCaFile (TlsCaFile).",
            _ => e.Message,
        };
}
