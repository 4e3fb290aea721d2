using System.Reflection;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

namespace ClusterSession.Tests.DropIn;

/// <summary>Runs a case on each server, with these further arguments.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class BothServersAttribute(params object[] arguments) : DataAttribute
{
    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(
        MethodInfo testMethod,
        DisposalTracker disposalTracker
    ) =>
        ValueTask.FromResult<IReadOnlyCollection<ITheoryDataRow>>([
            .. Enum.GetValues<HostKind>().Select(server => new TheoryDataRow([server, .. arguments])),
        ]);

    public override bool SupportsDiscoveryEnumeration() => true;
}
