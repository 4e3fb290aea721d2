using Xunit;
using Xunit.Sdk;
using Xunit.v3;

// Each story loads a machine of two cores by itself; two at once would tell of each other's load.
[assembly: Parallelization(Mode = ParallelMode.None)]
