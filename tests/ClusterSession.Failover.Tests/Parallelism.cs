using Xunit;
using Xunit.Sdk;
using Xunit.v3;

// Elections have deadlines of a few hundred milliseconds; two stores at once would starve each
// other.
[assembly: Parallelization(Mode = ParallelMode.None)]
