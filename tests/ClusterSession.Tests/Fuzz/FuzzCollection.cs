using Xunit;

namespace ClusterSession.Tests.Fuzz;

/// <summary>
/// The memory of the whole process is measured, as there is no other measure of what is kept:
/// nothing else may run meanwhile.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class FuzzCollection
{
    public const string Name = "Fuzz";
}
