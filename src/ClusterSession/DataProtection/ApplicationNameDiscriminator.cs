using Microsoft.AspNetCore.DataProtection.Infrastructure;
using Microsoft.Extensions.Hosting;

namespace ClusterSession.DataProtection;

/// <summary>
/// Tells applications with the same keys apart by their names. By default Data Protection tells them
/// apart by their directories, so that the next release in another directory reads nothing of before.
/// </summary>
internal sealed class ApplicationNameDiscriminator(IHostEnvironment environment) : IApplicationDiscriminator
{
    public string? Discriminator => environment.ApplicationName;
}
