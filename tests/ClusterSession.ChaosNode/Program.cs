using ClusterSession.ChaosNode;

// The application under chaos: one small process per node. See NodeSettings for its command line.
await ChaosApplication.Build(args).RunAsync();
