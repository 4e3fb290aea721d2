using Xunit;
using Xunit.Sdk;
using Xunit.v3;

// Sessions have deadlines of a second or two; several ensembles at once would starve each other.
[assembly: Parallelization(Mode = ParallelMode.None)]
