using Microsoft.AspNetCore.DataProtection.Infrastructure;
using Microsoft.Extensions.Options;

namespace ClusterSession.DataProtection;

/// <summary>
/// Tells applications with the same keys apart by their names. By default Data Protection tells
/// them apart by their directories, so that the next release in another directory cannot read
/// what the former one has protected.
/// </summary>
internal sealed class ApplicationNameDiscriminator(IOptions<ClusterSessionOptions> options) : IApplicationDiscriminator
{
    public string? Discriminator => options.Value.ApplicationName;
}
