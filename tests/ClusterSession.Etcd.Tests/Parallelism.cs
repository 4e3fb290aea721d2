using Xunit;

// Leases have deadlines of a second or two; several clusters at once would starve each other.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
