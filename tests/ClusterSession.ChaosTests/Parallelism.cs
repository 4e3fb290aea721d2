using Xunit;

// Each story loads a machine of two cores by itself; two at once would tell of each other's load.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
