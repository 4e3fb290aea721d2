namespace ClusterSession;

/// <summary>A key that signs session cookies.</summary>
public sealed class SessionKeyOptions
{
    /// <summary>What cookies call this key.</summary>
    /// <value>1 to 16,777,215, different for each key. Never give an old id to a new
    /// secret.</value>
    public int Id { get; set; }

    /// <summary>The secret, in base64.</summary>
    /// <value>At least 32 bytes of randomness, for example from <c>openssl rand -base64
    /// 32</c>.</value>
    public string Secret { get; set; } = "";

    /// <summary>
    /// Before this moment the key verifies and does not sign, so that every node can have it first.
    /// </summary>
    /// <value>Default null: at once.</value>
    public DateTimeOffset? ActiveFrom { get; set; }

    /// <summary>Says nothing of the secret.</summary>
    public override string ToString() => $"key {Id}";
}
