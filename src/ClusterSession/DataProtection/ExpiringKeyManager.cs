using Microsoft.AspNetCore.DataProtection.KeyManagement;

namespace ClusterSession.DataProtection;

/// <summary>
/// The key manager of Data Protection, whose ring also expires when another node has changed the
/// keys.
/// </summary>
internal sealed class ExpiringKeyManager(IKeyManager inner, RingExpiry expiry) : IDeletableKeyManager
{
    /// <summary>The framework's own can, and does not say so by the interface.</summary>
    public bool CanDeleteKeys =>
        inner switch
        {
            IDeletableKeyManager deletable => deletable.CanDeleteKeys,
            XmlKeyManager xml => xml.CanDeleteKeys,
            _ => false,
        };

    public IKey CreateNewKey(DateTimeOffset activationDate, DateTimeOffset expirationDate) =>
        inner.CreateNewKey(activationDate, expirationDate);

    public IReadOnlyCollection<IKey> GetAllKeys() => inner.GetAllKeys();

    public CancellationToken GetCacheExpirationToken() => expiry.TokenWith(inner.GetCacheExpirationToken());

    public void RevokeKey(Guid keyId, string? reason = null) => inner.RevokeKey(keyId, reason);

    public void RevokeAllKeys(DateTimeOffset revocationDate, string? reason = null) =>
        inner.RevokeAllKeys(revocationDate, reason);

    public bool DeleteKeys(Func<IKey, bool> shouldDelete) =>
        inner switch
        {
            IDeletableKeyManager deletable => deletable.DeleteKeys(shouldDelete),
            XmlKeyManager xml => xml.DeleteKeys(shouldDelete),
            _ => throw new NotSupportedException($"The key manager {inner.GetType()} cannot delete keys."),
        };
}
