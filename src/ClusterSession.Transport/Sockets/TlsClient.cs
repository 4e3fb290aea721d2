using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ClusterSession.Transport.Options;

namespace ClusterSession.Transport.Sockets;

/// <summary>
/// The client's side of TLS. It decides as the platform does, and says which check has failed and
/// what to do about it.
/// </summary>
internal static class TlsClient
{
    /// <summary>Encrypts a stream, which it owns from then on.</summary>
    /// <exception cref="ConnectException">There is no trust between the two.</exception>
    public static async Task<Stream> EncryptAsync(
        Stream plain,
        ServerAddress address,
        TlsOptions options,
        TimeProvider time,
        CancellationToken ct
    )
    {
        var host = options.Host ?? address.Host;
        var found = SslPolicyErrors.None;
        DateTime? expired = null;
        var tls = new SslStream(plain, leaveInnerStreamOpen: false);
        try
        {
            var authentication = new SslClientAuthenticationOptions
            {
                TargetHost = host,
                EnabledSslProtocols = options.Protocols,
                CertificateChainPolicy = ChainPolicy(options),
                CertificateRevocationCheckMode = Revocation(options),
                // Decides as the default does; it is here to learn which check failed.
                RemoteCertificateValidationCallback = (_, _, chain, errors) =>
                {
                    found = errors;
                    expired = errors == SslPolicyErrors.None ? null : FindExpired(chain, time.GetUtcNow());
                    return errors == SslPolicyErrors.None;
                },
            };
            if (options.CertificateFile is { } certificate)
            {
                authentication.ClientCertificateContext = SslStreamCertificateContext.Create(
                    X509Certificate2.CreateFromPemFile(certificate, options.KeyFile),
                    null,
                    offline: true
                );
            }

            await tls.AuthenticateAsClientAsync(authentication, ct).ConfigureAwait(false);
            return tls;
        }
        catch (Exception e)
            when (e is AuthenticationException or CryptographicException || found != SslPolicyErrors.None)
        {
            await tls.DisposeAsync().ConfigureAwait(false);
            throw new ConnectException(
                ConnectFailure.TlsRefused,
                $"No TLS connection to {address}: {Explain(found, expired, host, e)}",
                e
            );
        }
        catch
        {
            await tls.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static X509RevocationMode Revocation(TlsOptions options) =>
        options.CheckRevocation ? X509RevocationMode.Online : X509RevocationMode.NoCheck;

    private static X509ChainPolicy? ChainPolicy(TlsOptions options)
    {
        if (options.CaFile is not { } caFile)
        {
            return null;
        }

        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = Revocation(options),
        };
        try
        {
            policy.CustomTrustStore.ImportFromPemFile(caFile);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new ConnectException(
                ConnectFailure.TlsRefused,
                $"The file of certificate authorities '{caFile}' (TlsCaFile) cannot be read: {e.Message}",
                e
            );
        }

        return policy;
    }

    /// <summary>When the certificate, or one of the authorities above it, ended.</summary>
    private static DateTime? FindExpired(X509Chain? chain, DateTimeOffset now) =>
        chain
            ?.ChainElements.FirstOrDefault(element => element.Certificate.NotAfter < now)
            ?.Certificate.NotAfter.ToUniversalTime();

    private static string Explain(SslPolicyErrors found, DateTime? expired, string host, Exception e) =>
        found switch
        {
            _ when found.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) =>
                $"the certificate is not made for '{host}'. Connect by a name that it bears, or name that one as "
                    + "sslHost (TlsHost).",
            _ when found.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors) => expired is { } until
                ? $"the server's certificate, or its authority's, expired on {until:yyyy-MM-dd HH:mm} UTC. "
                    + "Give the server a new one."
                : "the certificate comes from no trusted authority, or is not valid yet. Name the authority's PEM "
                    + "file as sslCaFile (TlsCaFile).",
            _ => e.Message,
        };
}
