using Xunit;

// Elections have deadlines of a few hundred milliseconds; two stores at once would starve each
// other.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
