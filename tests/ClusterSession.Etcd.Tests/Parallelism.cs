using Xunit;
using Xunit.Sdk;
using Xunit.v3;

// Leases have deadlines of a second or two; several clusters at once would starve each other.
[assembly: Parallelization(Mode = ParallelMode.None)]
