namespace ClusterSession.Tests.Stores.ThirdParty;

/// <summary>What a <see cref="CasServer"/> has under a key.</summary>
/// <param name="Value">The bytes, or null.</param>
/// <param name="Version">What a swap must name; 0: there is nothing.</param>
/// <param name="Left">How long it lives on; <see cref="TimeSpan.MaxValue"/>: for ever.</param>
/// <param name="Now">The server's clock.</param>
internal readonly record struct CasItem(byte[]? Value, long Version, TimeSpan Left, TimeSpan Now);
