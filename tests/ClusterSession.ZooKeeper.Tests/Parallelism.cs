using Xunit;

// Sessions have deadlines of a second or two; several ensembles at once would starve each other.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
