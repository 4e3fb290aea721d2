using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ClusterSession.Processes;

/// <summary>
/// A certificate authority of the test's own, a good server certificate, one that has expired, and
/// one for another host.
/// </summary>
public sealed class TestCertificates : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    /// <summary>Makes them; takes a few milliseconds (elliptic curve keys).</summary>
    public TestCertificates()
    {
        using var caKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=ClusterSession test CA", caKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true)
        );
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var now = DateTimeOffset.UtcNow;
        using var ca = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(30));
        CaFile = Write("ca.crt", ca.ExportCertificatePem());
        ExpiredOn = now.AddHours(-1);
        (ServerCertFile, ServerKeyFile) = Issue(ca, "server", ThisHost, ca.NotAfter);
        (ExpiredCertFile, ExpiredKeyFile) = Issue(ca, "expired", ThisHost, ExpiredOn);
        (WrongHostCertFile, WrongHostKeyFile) = Issue(
            ca,
            "wrong-host",
            san => san.AddDnsName("elsewhere.invalid"),
            ca.NotAfter
        );
    }

    /// <summary>The authority's certificate (PEM).</summary>
    public string CaFile { get; }

    /// <summary>Certificate for 127.0.0.1, ::1 and localhost (PEM).</summary>
    public string ServerCertFile { get; }

    /// <summary>Its key (PEM, PKCS 8).</summary>
    public string ServerKeyFile { get; }

    /// <summary>Certificate for the same hosts that is not valid any more (PEM).</summary>
    public string ExpiredCertFile { get; }

    /// <summary>Its key (PEM, PKCS 8).</summary>
    public string ExpiredKeyFile { get; }

    /// <summary>When it expired.</summary>
    public DateTimeOffset ExpiredOn { get; }

    /// <summary>
    /// Certificate of the same authority, for a host that the server is not (PEM).
    /// </summary>
    public string WrongHostCertFile { get; }

    /// <summary>Its key (PEM, PKCS 8).</summary>
    public string WrongHostKeyFile { get; }

    /// <inheritdoc/>
    public void Dispose() => _directory.Dispose();

    private static void ThisHost(SubjectAlternativeNameBuilder names)
    {
        names.AddIpAddress(IPAddress.Loopback);
        names.AddIpAddress(IPAddress.IPv6Loopback);
        names.AddDnsName("localhost");
    }

    private (string Cert, string Key) Issue(
        X509Certificate2 ca,
        string name,
        Action<SubjectAlternativeNameBuilder> names,
        DateTimeOffset until
    )
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var san = new SubjectAlternativeNameBuilder();
        names(san);
        request.CertificateExtensions.Add(san.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        // Both usages: a replica uses the same certificate as a client of its master.
        request.CertificateExtensions.Add(
            new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], false)
        );
        using var certificate = request.Create(ca, ca.NotBefore, until, RandomNumberGenerator.GetBytes(12));
        return (
            Write($"{name}.crt", certificate.ExportCertificatePem()),
            Write($"{name}.key", key.ExportPkcs8PrivateKeyPem())
        );
    }

    private string Write(string name, string pem)
    {
        var path = _directory.File(name);
        File.WriteAllText(path, pem);
        return path;
    }
}
