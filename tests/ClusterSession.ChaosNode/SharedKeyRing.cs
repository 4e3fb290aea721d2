using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;

namespace ClusterSession.ChaosNode;

/// <summary>
/// AddSession protects its cookie with data protection keys, which all nodes must share; the
/// product's ring is in its store.
/// </summary>
internal static class SharedKeyRing
{
    public static void AddDataProtection(this IServiceCollection services, NodeSettings settings)
    {
        // One directory per store, so that the nodes of one run find each other and runs do not
        // mix.
        var name = "cluster-session-chaos-keys-" + string.Concat(settings.Store.Where(char.IsAsciiLetterOrDigit));
        services
            .AddDataProtection()
            .SetApplicationName("chaos")
            .PersistKeysToFileSystem(new DirectoryInfo(Path.Combine(Path.GetTempPath(), name)));
    }
}
