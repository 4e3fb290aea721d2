namespace ClusterSession.Redis;

/// <summary>
/// An ACL user and its password. Immutable; <see cref="ToString"/> does not show the password.
/// </summary>
/// <param name="User">ACL user; null for the server's default user.</param>
/// <param name="Password">Its password; null for none.</param>
public readonly record struct RedisCredential(string? User, string? Password)
{
    /// <summary>The user; never the password.</summary>
    public override string ToString() => User ?? "default";
}
