namespace ClusterSession.Tests.Http.SignIn;

/// <summary>A user of ASP.NET Core Identity.</summary>
public sealed class IdentityUser
{
    public string Id { get; } = Guid.NewGuid().ToString();

    public string? Name { get; set; }

    public string? NormalizedName { get; set; }

    public string? Email { get; set; }

    public string? NormalizedEmail { get; set; }

    public string? PasswordHash { get; set; }

    public string? Stamp { get; set; }
}
