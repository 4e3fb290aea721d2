using System.Reflection;
using Xunit.Sdk;

namespace ClusterSession.Tests.DropIn;

/// <summary>Runs a case on each server, with these further arguments.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class BothServersAttribute(params object[] arguments) : DataAttribute
{
    public override IEnumerable<object[]> GetData(MethodInfo testMethod) =>
        Enum.GetValues<HostKind>().Select(server => (object[])[server, .. arguments]);
}
