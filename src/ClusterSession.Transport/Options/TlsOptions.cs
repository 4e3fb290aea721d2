using System.Security.Authentication;

namespace ClusterSession.Transport.Options;

/// <summary>What a TLS connection asks of the server, and shows it. Immutable.</summary>
internal sealed record TlsOptions
{
    /// <summary>The name that the certificate must bear; null: the host of the address.</summary>
    public string? Host { get; init; }

    /// <summary>
    /// A PEM file with the authorities to trust instead of the system's; null: the system's.
    /// </summary>
    public string? CaFile { get; init; }

    /// <summary>A PEM file with the client's certificate; null: none.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>
    /// A PEM file with the key of that certificate; null: it is in the same file.
    /// </summary>
    public string? KeyFile { get; init; }

    /// <summary>Versions to allow; None: what the system allows.</summary>
    public SslProtocols Protocols { get; init; }

    /// <summary>Whether to ask the authority if the certificate was revoked.</summary>
    public bool CheckRevocation { get; init; }
}
