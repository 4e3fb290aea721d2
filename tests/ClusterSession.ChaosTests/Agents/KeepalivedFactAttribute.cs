using ClusterSession.TestKit.Servers;
using Xunit;

namespace ClusterSession.ChaosTests.Agents;

/// <summary>A test that needs network namespaces, so root, and keepalived.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class KeepalivedFactAttribute : FactAttribute
{
    public KeepalivedFactAttribute()
    {
        if (!SplitBrainNet.CanBeMade || ServerBinary.TryFind("keepalived") is null)
        {
            Skip = "Needs root, the ip command and keepalived.";
        }
    }
}
